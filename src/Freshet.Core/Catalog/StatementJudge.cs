using System.Collections.Immutable;
using System.Text;
using Freshet.Core.Sql.Analysis;

namespace Freshet.Core.Catalog;

/// <summary>Judges one statement against one catalogue: follows its words to relations, through views, inheritance and
/// partitions, and to functions. The first thing that speaks against caching is the verdict.</summary>
internal sealed class StatementJudge(CatalogSnapshot catalog, SearchedSchemas path)
{
    /// <summary>Tables of one statement, partitions counted one by one.</summary>
    private const int MostTables = 256;

    /// <summary>Views in views.</summary>
    private const int DeepestView = 16;

    private readonly SortedSet<uint> _tables = [];
    private readonly HashSet<uint> _seen = [];

    /// <summary>Tables that a view or a partitioned table brings in.</summary>
    private readonly HashSet<uint> _indirect = [];
    private StatementVerdict? _refusal;
    private string? _untracked;

    public StatementVerdict Judge(StatementFacts facts)
    {
        if (catalog.DoubtfulEverywhere is { } unseen)
        {
            Refuse(
                RefusalReason.UserOperator,
                $"{unseen} is user-defined and could be applied without a sign of it; "
                + "list its function in cache.trustedFunctions if it depends on its arguments only");
        }

        Follow(facts, path, depth: 0);
        return _refusal
            ?? (_tables.Count > MostTables
                ? StatementVerdict.Refuse(
                    RefusalReason.TooManyTables,
                    $"it depends on {_tables.Count} tables; at most {MostTables} are followed")
                : new StatementVerdict(
                    RefusalReason.None, "", [.. _tables], FindPoints(facts), _untracked));
    }

    private void Follow(StatementFacts facts, SearchedSchemas schemas, int depth)
    {
        foreach (string symbol in catalog.DoubtfulOperators)
        {
            if (facts.Operators.Any(run => run.Contains(symbol, StringComparison.Ordinal)))
            {
                Refuse(
                    RefusalReason.UserOperator,
                    $"an operator {symbol} is user-defined and its function is no compiled IMMUTABLE one; list that "
                    + "in cache.trustedFunctions if it depends on its arguments and settings only");
            }
        }

        foreach (SqlName name in facts.Names)
        {
            if (_refusal is not null)
            {
                return;
            }

            if (catalog.HasNamesBeyondAscii && !name.IsPlain)
            {
                Refuse(RefusalReason.NotUnderstood, "a word is beyond ASCII, and so are names in the catalogue");
            }

            JudgeFunction(name);
            if (catalog.IsDoubtfulType(name.Name))
            {
                Refuse(RefusalReason.UserCast, $"the type {name.Name} has a cast by a user-defined function");
            }

            foreach (CatalogRelation relation in catalog.FindRelations(name, schemas))
            {
                Add(relation, depth);
            }
        }

        foreach (SqlCast cast in facts.Casts)
        {
            JudgeCast(cast);
        }
    }

    /// <summary>Only what is no text, or is looked at by itself, may become a date.</summary>
    private void JudgeCast(in SqlCast cast)
    {
        if (_refusal is not null || !catalog.IsDateType(cast.Type)
            || cast.Source is SqlCastSource.Constant or SqlCastSource.Date
            || (cast.Source == SqlCastSource.Column && IsDateColumn(cast.Column)))
        {
            return;
        }

        Refuse(
            RefusalReason.DateCast,
            $"what becomes a {cast.Type} here could be a text that says now; only literals, parameters and columns of "
            + "date types are known not to");
    }

    /// <summary>Some relation has such a column, and none has one of that name and another type.</summary>
    private bool IsDateColumn(string name)
    {
        bool found = false;
        foreach (uint oid in _seen)
        {
            if (catalog.Find(oid)!.Columns.TryGetValue(name, out uint type))
            {
                found = true;
                if (!DateTypes.IsDate(type))
                {
                    return false;
                }
            }
        }

        return found && Ascii.IsValid(name);
    }

    private void JudgeFunction(in SqlName name)
    {
        foreach (CatalogFunction function in catalog.FindFunctions(name.Name))
        {
            bool callable = name.IsCalled || (name.Qualifier is not null && function.TakesOneArgument);
            if (!callable || IsTrusted(function))
            {
                continue;
            }

            if (function.IsBuiltIn)
            {
                // As row.function only what takes a row, or anything, could be meant: those depend on settings at most.
                if (name.IsCalled)
                {
                    Refuse(RefusalReason.VolatileFunction, $"{function.Name}() is not IMMUTABLE");
                }
            }
            else
            {
                Refuse(
                    function.Volatility == 'v' ? RefusalReason.VolatileFunction : RefusalReason.UserFunction,
                    $"{function.Schema}.{function.Name}() is user-defined; if it depends on its arguments only, "
                    + "list it in cache.trustedFunctions");
            }
        }
    }

    private bool IsTrusted(CatalogFunction function) =>
        function.IsBuiltIn
            ? function.Volatility == 'i' || TrustedBuiltIns.Contains(function.Name)
            : (function is { Volatility: 'i', IsCompiled: true, Kind: not 'a' })
                || catalog.TrustedFunctions.Contains(function.Name)
                || catalog.TrustedFunctions.Contains($"{function.Schema}.{function.Name}");

    private void Add(CatalogRelation relation, int depth)
    {
        if (depth > 0)
        {
            _indirect.Add(relation.Oid);
        }

        if (!_seen.Add(relation.Oid) || _refusal is not null)
        {
            return;
        }

        if (relation.IsSystem)
        {
            Refuse(RefusalReason.SystemCatalog, $"{relation.Name} is a system catalogue");
        }
        else if (relation.HasRowSecurity)
        {
            Refuse(RefusalReason.RowSecurity, $"{relation.FullName} has row security");
        }
        else if (relation.Columns.Values.Any(type => type is DateTypes.ZonedTime or DateTypes.ZonedTimeArray))
        {
            Refuse(
                RefusalReason.CurrentTime,
                $"{relation.FullName} has a column of time with time zone, whose conversions take today's offset");
        }
        else if (relation.Persistence == 't')
        {
            Refuse(RefusalReason.TemporaryTable, $"a temporary table is called {relation.Name}");
        }
        else
        {
            AddByKind(relation, depth);
        }
    }

    private void AddByKind(CatalogRelation relation, int depth)
    {
        switch (relation.Kind)
        {
            case 'r':
                _tables.Add(relation.Oid);
                if (relation.Persistence != 'p' || !relation.HasIdentity)
                {
                    _untracked ??= relation.Persistence != 'p'
                        ? $"{relation.FullName} is unlogged"
                        : $"{relation.FullName} has no replica identity (a primary key gives it one)";
                }

                AddChildren(relation, depth);
                break;
            case 'p':
                AddChildren(relation, depth);
                break;
            case 'v' when relation.Definition is { } definition && depth < DeepestView:
                StatementFacts facts = StatementFacts.Read(
                    Encoding.UTF8.GetBytes(definition), standardConformingStrings: true);
                if (facts.Refusal != RefusalReason.None)
                {
                    Refuse(facts.Refusal, $"in the view {relation.FullName}: {facts.Detail}");
                }

                Follow(facts, SearchedSchemas.All, depth + 1);
                break;
            case 'm' or 'f':
                _tables.Add(relation.Oid);
                string kind = relation.Kind == 'm' ? "materialized view" : "foreign table";
                _untracked ??= $"{relation.FullName} is a {kind}";
                break;
            case 'S':
                Refuse(RefusalReason.Sequence, $"{relation.FullName} is a sequence");
                break;
            default:
                Refuse(RefusalReason.NotUnderstood, $"{relation.FullName} is neither a table nor a view to be read");
                break;
        }
    }

    private void AddChildren(CatalogRelation relation, int depth)
    {
        foreach (uint child in catalog.ChildrenOf(relation.Oid))
        {
            if (catalog.Find(child) is { } found)
            {
                Add(found, depth + 1);
            }
        }
    }

    /// <summary>The tables whose every appearance in FROM has the key of its replica identity among its equalities.
    /// </summary>
    private ImmutableArray<PointKey> FindPoints(StatementFacts facts)
    {
        if (facts.Point is not { } shape)
        {
            return [];
        }

        var found = new List<PointKey>();

        foreach (uint oid in _tables)
        {
            CatalogRelation table = catalog.Find(oid)!;
            PointSource[] sources = [.. shape.Sources.Where(
                source => string.Equals(source.Relation.Name, table.Name, StringComparison.Ordinal))];
            if (sources.Length == 1 && IsFollowedByKey(table)
                && shape.EqualitiesOf(sources[0]).Select(equality => KeyOf(table, equality)).FirstOrDefault(
                    key => key is not null) is { } key)
            {
                found.Add(key);
            }
        }

        // A parameter's type comes from its first use: another one than these keys could round it, or fold its case.
        return [.. found.Where(key => key.Parameter == 0 || shape.UsesOf(key.Parameter) == found.Count(
            other => other.Parameter == key.Parameter && KeyHash.AreAlike(other.KeyType, key.KeyType)))];
    }

    /// <summary>A plain table, by its own name, with a key whose values can be told apart.</summary>
    private bool IsFollowedByKey(CatalogRelation table) =>
        table is { Kind: 'r', KeyColumn: not null, KeyIsDeterministic: true }
        && KeyHash.IsSupported(table.KeyType)
        && !_indirect.Contains(table.Oid)
        && catalog.ChildrenOf(table.Oid).Length == 0
        && !catalog.Parents.Contains(table.Oid);

    private static PointKey? KeyOf(CatalogRelation table, PointEquality equality)
    {
        if (!string.Equals(equality.Column, table.KeyColumn, StringComparison.Ordinal))
        {
            return null;
        }

        if (equality.Parameter > 0)
        {
            return new PointKey(table.Oid, table.KeyType, equality.Parameter, 0);
        }

        return KeyHash.TryHash(table.KeyType, 0, equality.Constant, 0, out ulong hash)
            ? new PointKey(table.Oid, table.KeyType, 0, hash)
            : null;
    }

    private void Refuse(RefusalReason reason, string detail) => _refusal ??= StatementVerdict.Refuse(reason, detail);
}
