using System.Diagnostics;
using Freshet.Bench.Load.Rig;

namespace Freshet.Bench.Load.Cache;

/// <summary>Kills a Freshet of its own with SIGKILL and looks in <c>pg_replication_slots</c> for what the database
/// keeps: as long as its slot is there, write-ahead log is retained.</summary>
internal static class KillProbe
{
    /// <summary>By then no slot may be left.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(20);
    private static readonly TimeSpan LookEvery = TimeSpan.FromMilliseconds(20);

    public static async Task<KillResult> MeasureAsync(BenchRig rig, CancellationToken cancellationToken)
    {
        var others = await SlotsAsync(rig, cancellationToken);
        await using var victim = await FreshetUp.StartAsync(
            rig, "killed", 1, ClientAuth.Trust, cancellationToken, CacheContenders.Mode);
        var slots = await WaitForSlotsAsync(rig, victim, others, cancellationToken);
        await victim.KillAsync(cancellationToken);
        var killed = Stopwatch.GetTimestamp();
        while (slots.Overlaps(await SlotsAsync(rig, cancellationToken)))
        {
            if (Stopwatch.GetElapsedTime(killed) > Limit)
                return new KillResult(slots.Count, SecondsUntilGone: null);
            await Task.Delay(LookEvery, cancellationToken);
        }

        return new KillResult(slots.Count, Stopwatch.GetElapsedTime(killed).TotalSeconds);
    }

    private static async Task<HashSet<string>> WaitForSlotsAsync(
        BenchRig rig, FreshetUp victim, HashSet<string> others, CancellationToken cancellationToken)
    {
        // A database that nobody asks for need not be followed.
        using (var client = rig.Database.Connect(victim.Party.Port))
            client.Run("SELECT 1", cancellationToken);
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var slots = await SlotsAsync(rig, cancellationToken);
            slots.ExceptWith(others);
            if (slots.Count > 0)
                return slots;
            if (Stopwatch.GetElapsedTime(started) > StartPatience)
                throw new BenchException($"freshet up --cache {CacheContenders.Mode} made no replication slot");
            await Task.Delay(LookEvery, cancellationToken);
        }
    }

    private static async Task<HashSet<string>> SlotsAsync(BenchRig rig, CancellationToken cancellationToken)
    {
        var names = await rig.Database.ExecuteAsync(
            "SELECT pg_catalog.string_agg(slot_name, ',') FROM pg_catalog.pg_replication_slots", cancellationToken);
        return names is string some ? some.Split(',').ToHashSet(StringComparer.Ordinal) : [];
    }
}

/// <summary>What was left of a killed proxy.</summary>
/// <param name="Slots">It had so many.</param>
/// <param name="SecondsUntilGone">Null: they were still there after <see cref="KillProbe.Limit"/>.</param>
internal sealed record KillResult(int Slots, double? SecondsUntilGone);
