using System.Text;

namespace Freshet.Server.Configuration;

/// <summary>One thing that is wrong with the configuration: where it was written, which key, and what is allowed. Holds
/// no secret.</summary>
internal sealed record ConfigurationError(SettingOrigin Origin, string Key, string Message)
{
    public override string ToString()
    {
        var text = new StringBuilder();
        if (Origin.Source != SettingSource.Default)
            text.Append(Origin).Append(": ");
        if (Key.Length > 0)
            text.Append(Key).Append(": ");
        return SafeText.OneLine(text.Append(Message).ToString());
    }
}
