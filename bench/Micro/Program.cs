using System.Diagnostics;
using Freshet.Bench.Micro.Tls;

// dotnet run -c Release --project bench/Micro -- tls
switch (args)
{
    case ["tls"]:
        TlsSpeed.Run();
        foreach (string side in new[] { "openssl", "sslstream" })
        {
            using Process child = Process.Start(Environment.ProcessPath!, ["tls-memory", side]);
            child.WaitForExit();
            if (child.ExitCode != 0)
                return child.ExitCode;
        }

        return 0;
    case ["tls-memory", var side]:
        TlsMemory.Run(side);
        return 0;
    case ["tls-peer", var port, var count]:
        TlsMemory.RunPeer(int.Parse(port), int.Parse(count));
        return 0;
    default:
        Console.Error.WriteLine("usage: tls | tls-memory openssl|sslstream");
        return 2;
}
