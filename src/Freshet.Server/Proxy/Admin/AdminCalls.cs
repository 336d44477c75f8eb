using System.Text;
using System.Text.Unicode;
using Freshet.Core.Sql;
using Freshet.Server.Proxy.Caching;
using Freshet.Server.Proxy.State;

namespace Freshet.Server.Proxy.Admin;

/// <summary>Carries admin calls out. Any thread but a loop's: both kinds walk over all statements.</summary>
internal static class AdminCalls
{
    /// <summary>Longest name, characters.</summary>
    internal const int LongestName = 1_024;

    /// <summary>The table without its rows.</summary>
    public static AdminTable ShapeOf(AdminCall call) =>
        AdminTable.Shape(call.Function == AdminFunction.Explain ? null : call.Name);

    /// <param name="database">What it concerns.</param>
    /// <param name="user">Who asks.</param>
    /// <param name="settings">Of who asks.</param>
    /// <param name="call">Without a problem.</param>
    /// <param name="argument">The text given; null: NULL, or none.</param>
    public static async Task<(AdminTable? Table, AdminError? Error)> RunAsync(
        DatabaseCache database, string user, SettingsSet settings, AdminCall call, byte[]? argument)
    {
        if (argument is null && call.Function != AdminFunction.InvalidateAll)
        {
            return (null, AdminError.Invalid($"the argument of freshet.{call.Name} must not be NULL"));
        }

        if (call.Function == AdminFunction.Explain)
        {
            CacheExplanation explanation = await database.Explainer.ExplainAsync(
                user, settings, argument!, CancellationToken.None);
            return (AdminTable.Items(explanation.Lines()), null);
        }

        if (!Utf8.IsValid(argument) || argument?.Length > LongestName || argument.AsSpan().Contains((byte)0))
        {
            return (null, AdminError.Invalid(
                $"the argument of freshet.{call.Name} is longer than {LongestName} bytes, not UTF-8, or holds a zero"));
        }

        var what = new Invalidation(KindOf(call.Function), Encoding.UTF8.GetString(argument ?? []));
        return database.Invalidator.Run(what, out int statements) is { } problem
            ? (null, AdminError.Invalid(problem))
            : (AdminTable.Number(call.Name, statements), null);
    }

    private static InvalidationKind KindOf(AdminFunction function) => function switch
    {
        AdminFunction.InvalidateTag => InvalidationKind.Tag,
        AdminFunction.InvalidateTable => InvalidationKind.Table,
        AdminFunction.InvalidateProfile => InvalidationKind.Profile,
        AdminFunction.InvalidateKey => InvalidationKind.Key,
        AdminFunction.InvalidateFingerprint => InvalidationKind.Fingerprint,
        _ => InvalidationKind.All,
    };
}
