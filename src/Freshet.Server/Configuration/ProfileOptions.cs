using Freshet.Core.Policy;

namespace Freshet.Server.Configuration;

/// <summary>The keys of one entry of <c>cache.profiles</c>.</summary>
internal sealed record ProfileOptions : PolicyOptions
{
    private ProfileOptions() { }

    private ProfileOptions(SettingSection section)
        : base(section) { }

    public static ProfileOptions Read(SettingSection section)
    {
        var options = new ProfileOptions(section);
        section.Close();
        return options;
    }

    /// <summary>For listing them.</summary>
    public static ProfileOptions From(PolicyValues values) =>
        new()
        {
            Mode = values.Mode,
            MaxAge = values.MaxAge,
            StaleWhileRevalidate = values.StaleWhileRevalidate,
            StaleIfError = values.StaleIfError,
            RefreshAhead = values.RefreshAhead,
            Tags = values.Tags.IsEmpty ? null : [.. values.Tags],
        };
}
