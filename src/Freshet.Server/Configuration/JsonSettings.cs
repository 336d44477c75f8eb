using System.Text;
using System.Text.Json;

namespace Freshet.Server.Configuration;

/// <summary>Reads <c>freshet.json</c> into nodes that know their line. Comments and trailing commas are allowed.
/// </summary>
internal static class JsonSettings
{
    private const int LargestFileBytes = 16 * 1024 * 1024;

    private static readonly JsonReaderOptions ReaderOptions = new()
    {
        CommentHandling = JsonCommentHandling.Skip,
        AllowTrailingCommas = true,
        MaxDepth = 32,
    };

    /// <summary>Null when the file cannot be used; the errors then say why.</summary>
    public static ObjectNode? ReadFile(string path, List<ConfigurationError> errors)
    {
        try
        {
            if (new FileInfo(path).Length > LargestFileBytes)
            {
                errors.Add(new(SettingOrigin.File(path, 0), "", "is larger than 16 MB, which is no configuration"));
                return null;
            }
            return Read(File.ReadAllBytes(path), path, errors);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            errors.Add(new(SettingOrigin.File(path, 0), "", $"cannot be read: {exception.Message}"));
            return null;
        }
    }

    public static ObjectNode? Read(ReadOnlySpan<byte> json, string file, List<ConfigurationError> errors)
    {
        if (json.StartsWith(Encoding.UTF8.Preamble))
            json = json[Encoding.UTF8.Preamble.Length..];
        var reading = new Reading(file, FindLineStarts(json), errors);
        var reader = new Utf8JsonReader(json, ReaderOptions);
        try
        {
            if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
            {
                errors.Add(new(SettingOrigin.File(file, 1), "", "must hold one JSON object"));
                return null;
            }
            var root = reading.ReadObject(ref reader, "");
            // Reading past the end makes the reader look for anything that follows the object.
            reader.Read();
            return root;
        }
        catch (JsonException exception)
        {
            // The reader's own message may quote a piece of a secret.
            var line = (int)(exception.LineNumber ?? 0) + 1;
            var column = (exception.BytePositionInLine ?? 0) + 1;
            errors.Add(new(SettingOrigin.File(file, line), "", $"is not valid JSON at column {column} of this line"));
            return null;
        }
        catch (InvalidOperationException)
        {
            errors.Add(new(SettingOrigin.File(file, 0), "", "holds a string that is not valid UTF-8 or UTF-16"));
            return null;
        }
    }

    private static List<int> FindLineStarts(ReadOnlySpan<byte> json)
    {
        var starts = new List<int> { 0 };
        for (var i = 0; i < json.Length; i++)
        {
            if (json[i] == (byte)'\n')
                starts.Add(i + 1);
        }
        return starts;
    }

    private sealed record Reading(string File, List<int> LineStarts, List<ConfigurationError> Errors)
    {
        public ObjectNode ReadObject(ref Utf8JsonReader reader, string path)
        {
            var node = new ObjectNode(OriginAt(reader.TokenStartIndex), IgnoreCase: false);
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var name = reader.GetString()!;
                var origin = OriginAt(reader.TokenStartIndex);
                var key = path.Length == 0 ? name : $"{path}.{name}";
                var first = node.Find(name).FirstOrDefault();
                reader.Read();
                var value = ReadValue(ref reader, key);
                if (first is null)
                    node.Members.Add(new SettingMember(name, origin, value));
                else
                    Errors.Add(new(origin, key, $"stands here for the second time, first in line {first.Origin.Line}"));
            }
            return node;
        }

        private SettingNode ReadValue(ref Utf8JsonReader reader, string path)
        {
            var origin = OriginAt(reader.TokenStartIndex);
            switch (reader.TokenType)
            {
                case JsonTokenType.StartObject:
                    return ReadObject(ref reader, path);
                case JsonTokenType.StartArray:
                    var items = new List<SettingNode>();
                    while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
                        items.Add(ReadValue(ref reader, path));
                    return new ArrayNode(origin, items);
                case JsonTokenType.String:
                    return new ScalarNode(origin, reader.GetString()!, ScalarKind.Text);
                case JsonTokenType.Number:
                    return new ScalarNode(origin, Encoding.UTF8.GetString(reader.ValueSpan), ScalarKind.Number);
                case JsonTokenType.Null:
                    return new ScalarNode(origin, "null", ScalarKind.Null);
                default:
                    var text = reader.TokenType == JsonTokenType.True ? "true" : "false";
                    return new ScalarNode(origin, text, ScalarKind.Boolean);
            }
        }

        private SettingOrigin OriginAt(long position)
        {
            var index = LineStarts.BinarySearch((int)position);
            return SettingOrigin.File(File, index >= 0 ? index + 1 : ~index);
        }
    }
}
