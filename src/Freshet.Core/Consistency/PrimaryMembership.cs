namespace Freshet.Core.Consistency;

/// <summary>One open connection in a <see cref="PrimaryAgreement"/>. Disposed once, when it is closed; any thread.
/// </summary>
/// <param name="agreement">Of the connection's database.</param>
/// <param name="identity">Where it leads.</param>
internal sealed class PrimaryMembership(PrimaryAgreement agreement, PrimaryIdentity identity) : IDisposable
{
    public PrimaryIdentity Identity => identity;

    /// <inheritdoc cref="PrimaryAgreement.IsOutdated"/>
    public bool IsOutdated => agreement.IsOutdated(identity);

    /// <inheritdoc cref="PrimaryAgreement.IsElsewhere"/>
    public bool IsElsewhere => agreement.IsElsewhere(identity);

    public void Dispose() => agreement.Leave(identity);
}
