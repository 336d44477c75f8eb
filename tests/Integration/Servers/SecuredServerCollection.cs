using Xunit;

namespace Freshet.Tests.Integration.Servers;

/// <summary>The classes that share one <see cref="SecuredServer"/>.</summary>
[CollectionDefinition(nameof(SecuredServerCollection))]
#pragma warning disable CA1711 // xunit's own word for it
public sealed class SecuredServerCollection : ICollectionFixture<SecuredServer>;
#pragma warning restore CA1711
