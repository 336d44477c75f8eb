namespace Freshet.Server.Configuration;

/// <summary>Collects what the command line said, in the shape of the file.</summary>
internal sealed class CommandLineSettings
{
    public ObjectNode Root { get; } = new(SettingOrigin.CommandLine("command line"), IgnoreCase: false);

    /// <param name="option">As the user writes it, <c>--pool-size</c>; messages name it.</param>
    /// <param name="path">The key, <c>pool.size</c>.</param>
    /// <param name="value">Null: the option was not given.</param>
    public CommandLineSettings Add(string option, string path, string? value)
    {
        if (value is null)
            return this;
        var origin = SettingOrigin.CommandLine(option);
        var parent = Root;
        var segments = path.Split('.');
        foreach (var segment in segments[..^1])
        {
            var found = parent.Find(segment).FirstOrDefault();
            if (found is null)
            {
                found = new SettingMember(segment, origin, new ObjectNode(origin, IgnoreCase: false));
                parent.Members.Add(found);
            }
            parent = (ObjectNode)found.Value;
        }
        parent.Members.Add(new SettingMember(segments[^1], origin, new ScalarNode(origin, value, ScalarKind.Text)));
        return this;
    }
}
