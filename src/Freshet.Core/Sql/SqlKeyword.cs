namespace Freshet.Core.Sql;

/// <summary>The words that mean something to <see cref="StatementScanner"/>. Those that can lead a statement come first
/// and equal their <see cref="StatementKind"/>.</summary>
internal enum SqlKeyword : byte
{
    None = StatementKind.Empty,
    Begin = StatementKind.Begin,
    Create = StatementKind.Create,
    End = StatementKind.End,
    Execute = StatementKind.Execute,
    Update = StatementKind.Update,
    With = StatementKind.With,

    /// <summary>The last that leads a statement.</summary>
    LastLeading = With,
    All, As, Atomic, Authorization, Case, Global, Hold, Into, Local, Recursive, Replace, Role, Seed, Session, Temp,
    Temporary, To, Transaction, Constraints, Work, Pg_settings, Set_config, Setseed, Freshet,

    /// <summary>Not a word: what came before was a dot.</summary>
    Dot,
}

/// <summary>Finds <see cref="SqlKeyword"/>s by a small hash table over their first 16 bytes, which tell them all apart.
/// </summary>
internal static class SqlKeywords
{
    private const int Slots = 512;
    private const int HashShift = 64 - 9;
    private const int LongWord = 17;

    private readonly record struct Entry(ulong Head, ulong Tail, SqlKeyword Keyword);

    private static readonly Entry[] _entries = Fill();

    /// <summary>By length, the first letters of the words that matter behind the head of a statement.</summary>
    private static readonly uint[] _initials = FillInitials();

    /// <summary>False for most words: none that matters behind the head of a statement has this length and initial.
    /// </summary>
    public static bool MayMatter(in SqlWord word) =>
        (_initials[Math.Min(word.Length, LongWord)] >> ((byte)word.Head & 31) & 1) != 0;

    /// <summary>None where the word is no keyword. The word must be folded.</summary>
    public static SqlKeyword Find(in SqlWord word)
    {
        var head = word.Head;
        for (var slot = Slot(head); ; slot = (slot + 1) % Slots)
        {
            ref readonly var entry = ref _entries[slot];
            if (entry.Head == head)
                return entry.Tail == word.Tail && word.Length <= 16 ? entry.Keyword : SqlKeyword.None;
            if (entry.Head == 0) return SqlKeyword.None;
        }
    }

    private static int Slot(ulong head) => (int)((head * 0x9E3779B97F4A7C15UL) >> HashShift);

    private static uint[] FillInitials()
    {
        var initials = new uint[LongWord + 1];
        foreach (var keyword in Enum.GetValues<SqlKeyword>())
        {
            if (keyword is SqlKeyword.None or SqlKeyword.Dot) continue;
            var name = keyword == SqlKeyword.LastLeading ? nameof(SqlKeyword.With) : keyword.ToString();
            initials[name.Length] |= 1u << (name[0] & 31);
        }

        // pg_temp_1, pg_advisory_lock and their like.
        for (var length = 7; length <= LongWord; length++) initials[length] |= 1u << ('p' & 31);
        return initials;
    }

    private static Entry[] Fill()
    {
        var entries = new Entry[Slots];
        foreach (var kind in Enum.GetValues<StatementKind>())
        {
            if (kind > StatementKind.Other) Add(entries, kind.ToString(), (SqlKeyword)kind);
        }

        foreach (var keyword in Enum.GetValues<SqlKeyword>())
        {
            if (keyword is > SqlKeyword.LastLeading and < SqlKeyword.Dot) Add(entries, keyword.ToString(), keyword);
        }

        return entries;
    }

    private static void Add(Entry[] entries, string name, SqlKeyword keyword)
    {
        var word = default(SqlWord);
        word.AppendFolded(System.Text.Encoding.ASCII.GetBytes(name));
        var slot = Slot(word.Head);
        for (; entries[slot].Head != 0; slot = (slot + 1) % Slots)
        {
            if (entries[slot].Head == word.Head)
                throw new InvalidOperationException($"the keyword {name} begins with the 8 bytes of another");
        }

        entries[slot] = new(word.Head, word.Tail, keyword);
    }
}
