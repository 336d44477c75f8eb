using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Freshet.Server.Http;

/// <summary>The HTTP listener: Kestrel on one address and nothing else of ASP.NET Core. It reads neither
/// <c>ASPNETCORE_URLS</c> nor <c>appsettings.json</c>, logs nothing, and leaves the signals alone.</summary>
internal sealed class HttpHost : IAsyncDisposable
{
    private static readonly TimeSpan StopTime = TimeSpan.FromSeconds(2);

    private readonly WebApplication _application;

    private HttpHost(WebApplication application, IPEndPoint address)
    {
        _application = application;
        Address = address;
    }

    /// <summary>The address really bound, port 0 resolved.</summary>
    public IPEndPoint Address { get; }

    /// <exception cref="IOException">The address is in use.</exception>
    public static async Task<HttpHost> StartAsync(
        IPEndPoint address,
        HttpSources sources,
        CancellationToken cancellation
    )
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(options =>
        {
            options.AddServerHeader = false;
            options.Limits.MaxConcurrentConnections = 256;
            options.Limits.MaxRequestBodySize = 64 * 1024;
            options.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            options.Listen(address);
        });
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        var application = builder.Build();
        application.Run(new HttpRoutes(sources, IPAddress.IsLoopback(address.Address)).HandleAsync);
        try
        {
            await application.StartAsync(cancellation);
            var addresses = application.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!;
            return new HttpHost(application, IPEndPoint.Parse(new Uri(addresses.Addresses.First()).Authority));
        }
        catch
        {
            await application.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        using var limit = new CancellationTokenSource(StopTime);
        await _application.StopAsync(limit.Token);
        await _application.DisposeAsync();
    }

    // The default one would take SIGTERM for itself.
    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
