using System.Text;

namespace Freshet.Core.Wire;

/// <summary>Reads the <c>options</c> start-up parameter: command-line arguments of a backend, split at ASCII blanks
/// that no backslash protects (the text is Latin-1: a byte each).</summary>
internal static class StartupOptions
{
    /// <summary>Understands <c>-c name=value</c>, <c>-cname=value</c> and <c>--name=value</c>; false for anything
    /// else. A dash in a name stands for an underscore, as in PostgreSQL.</summary>
    public static bool TryRead(string options, List<KeyValuePair<string, string>> settings)
    {
        List<string> arguments = Split(options);
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            string setting;
            if (argument is "-c")
            {
                if (++i == arguments.Count)
                {
                    return false;
                }

                setting = arguments[i];
            }
            else if (
                argument.StartsWith("-c", StringComparison.Ordinal)
                || argument.StartsWith("--", StringComparison.Ordinal)
            )
            {
                setting = argument[2..];
            }
            else
            {
                return false;
            }

            int equals = setting.IndexOf('=', StringComparison.Ordinal);
            if (equals <= 0)
            {
                return false;
            }

            string name = setting[..equals].Replace('-', '_');
            settings.Add(new KeyValuePair<string, string>(name, setting[(equals + 1)..]));
        }

        return true;
    }

    private static List<string> Split(string options)
    {
        List<string> arguments = [];
        var current = new StringBuilder();
        bool inside = false;
        for (int i = 0; i < options.Length; i++)
        {
            char c = options[i];
            if (c is ' ' or (>= '\t' and <= '\r'))
            {
                if (inside)
                {
                    arguments.Add(current.ToString());
                    current.Clear();
                    inside = false;
                }

                continue;
            }

            inside = true;
            if (c != '\\')
            {
                current.Append(c);
            }
            else if (i + 1 < options.Length)
            {
                current.Append(options[++i]);
            }
        }

        if (inside)
        {
            arguments.Add(current.ToString());
        }

        return arguments;
    }
}
