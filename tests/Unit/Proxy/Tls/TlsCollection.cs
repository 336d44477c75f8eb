using Xunit;

namespace Freshet.Tests.Unit.Proxy.Tls;

/// <summary>One after another, because they count live sessions; the certificates are made once.</summary>
[CollectionDefinition("TLS", DisableParallelization = true)]
public sealed class TlsCollection : ICollectionFixture<TlsTestCertificates>;
