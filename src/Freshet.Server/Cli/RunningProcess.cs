using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Freshet.Server.Cli;

/// <summary>Asks a running <c>freshet up</c> by HTTP.</summary>
internal sealed class RunningProcess(IPEndPoint address, string? token)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private const int MostBytes = 16 * 1024 * 1024;

    /// <summary>An address that means every one of the machine is reached by its loopback.</summary>
    private readonly IPEndPoint _address = address.Address.Equals(IPAddress.Any)
        ? new IPEndPoint(IPAddress.Loopback, address.Port)
        : address.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.IPv6Loopback, address.Port) : address;

    /// <param name="path">With its slash.</param>
    /// <param name="body">Null: GET.</param>
    /// <param name="terminal">Where a failure is reported.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>The answer; null after a failure: the exit code is <see cref="ExitCode.Failed"/> then.</returns>
    public async Task<JsonObject?> AskAsync(
        string path, JsonObject? body, Terminal terminal, CancellationToken cancellation)
    {
        // No proxy of the environment: what is asked for is on this machine or named by address.
        using var handler = new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false };
        using var http = new HttpClient(handler) { Timeout = Patience, MaxResponseContentBufferSize = MostBytes };
        using var request = new HttpRequestMessage(
            body is null ? HttpMethod.Get : HttpMethod.Post, $"http://{_address}{path}");
        if (body is not null)
            request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        if (token is not null)
            request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        try
        {
            using var response = await http.SendAsync(request, cancellation);
            var text = await response.Content.ReadAsStringAsync(cancellation);
            if (JsonNode.Parse(text) is not JsonObject answer)
                throw new JsonException();
            if (response.IsSuccessStatusCode)
                return answer;
            var error = answer["error"];
            terminal.Fail(
                ExitCode.Failed,
                (string?)error?["message"] ?? $"{_address} answers {(int)response.StatusCode}",
                (string?)error?["hint"]);
        }
        catch (HttpRequestException exception)
        {
            terminal.Fail(
                ExitCode.Failed,
                $"nothing answers on http://{_address}: {exception.Message}",
                "Start freshet up, or say with --http where it serves HTTP.");
        }
        catch (TaskCanceledException) when (!cancellation.IsCancellationRequested)
        {
            terminal.Fail(ExitCode.Failed, $"http://{_address} has not answered within {Patience.TotalSeconds} s");
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            terminal.Fail(ExitCode.Failed, $"what answers on http://{_address} is no Freshet of this version");
        }
        return null;
    }
}
