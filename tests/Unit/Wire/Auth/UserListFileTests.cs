using Freshet.Core.Wire.Auth;
using Xunit;

namespace Freshet.Tests.Unit.Wire.Auth;

public class UserListFileTests
{
    [Fact]
    public void Users_are_read_with_comments_blank_lines_doubled_quotes_and_further_fields()
    {
        var list = UserListFile.Parse(
            "; a comment\r\n\r\n\"app\" \"secret\"\r\n# another\n"
            + "  \"we\"\"ird\"\t\"p\"\"w ;#\" \"more\" fields\n\"none\" \"\"");
        Assert.Empty(list.Errors);
        Assert.Equal(
            [new("app", "secret", 3), new("we\"ird", "p\"w ;#", 5), new("none", null, 6)], list.Users);
    }

    [Fact]
    public void All_errors_come_at_once_with_their_lines_and_without_secrets()
    {
        var list = UserListFile.Parse(string.Join('\n',
            "app \"hunter2\"", "\"open", "\"\" \"hunter2\"", "\"a\" hunter2", "\"b\" x \"hunter2\"", "\"c\" \"hunter2",
            "\"d\" \"SCRAM-SHA-256$hunter2\"", "\"e\" \"ok\"", "\"e\" \"hunter2\"",
            $"\"{new string('u', 128)}\" \"hunter2\"", $"\"f\" \"hunter2{new string('x', 2048)}\""));
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 9, 10, 11], list.Errors.Select(error => error.Line));
        Assert.Equal("line 9: user \"e\" stands on line 8 already", list.Errors[7].ToString());
        Assert.DoesNotContain(list.Errors, error => error.Message.Contains("hunter2", StringComparison.Ordinal));
        Assert.Equal("e", Assert.Single(list.Users).Name);
    }

    [Fact]
    public void Printing_an_entry_does_not_show_its_secret() =>
        Assert.DoesNotContain("hunter2", new UserListEntry("a", "hunter2", 1).ToString(), StringComparison.Ordinal);
}
