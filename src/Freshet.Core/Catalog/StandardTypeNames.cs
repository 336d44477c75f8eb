using System.Collections.Frozen;

namespace Freshet.Core.Catalog;

/// <summary>The words by which SQL names types that the catalogue lists under other names (<c>gram.y</c>).</summary>
internal static class StandardTypeNames
{
    private static readonly FrozenDictionary<string, string[]> Names = new Dictionary<string, string[]>(
        StringComparer.Ordinal)
    {
        ["int"] = ["int4"],
        ["integer"] = ["int4"],
        ["smallint"] = ["int2"],
        ["bigint"] = ["int8"],
        ["real"] = ["float4"],
        ["float"] = ["float4", "float8"],
        ["double"] = ["float8"],
        ["decimal"] = ["numeric"],
        ["dec"] = ["numeric"],
        ["boolean"] = ["bool"],
        ["character"] = ["bpchar", "varchar"],
        ["char"] = ["bpchar", "varchar"],
        ["nchar"] = ["bpchar", "varchar"],
        ["national"] = ["bpchar", "varchar"],
        ["bit"] = ["varbit"],
        ["time"] = ["timetz"],
        ["timestamp"] = ["timestamptz"],
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>What else a word can mean; its own name is not among them.</summary>
    public static string[] Of(string word) => Names.GetValueOrDefault(word) ?? [];
}
