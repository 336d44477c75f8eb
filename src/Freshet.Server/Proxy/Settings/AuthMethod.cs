namespace Freshet.Server.Proxy.Settings;

/// <summary>How a client proves who it is. The names are those of <c>pg_hba.conf</c>.</summary>
internal enum AuthMethod
{
    /// <summary>SCRAM-SHA-256, and SCRAM-SHA-256-PLUS over TLS. The default.</summary>
    Scram,

    /// <summary>MD5 challenge; a user whose secret is a SCRAM verifier is asked for SCRAM instead.</summary>
    Md5,

    /// <summary>Clear-text password; refused without TLS on a public address.</summary>
    Password,

    /// <summary>The common name of the client's verified certificate is the user name.</summary>
    Cert,

    /// <summary>No proof.</summary>
    Trust,
}
