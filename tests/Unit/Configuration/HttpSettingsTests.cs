using Xunit;

namespace Freshet.Tests.Unit.Configuration;

public sealed class HttpSettingsTests
{
    private const string Rest = """
        "url": "postgres://u:p@h/d"
        """;

    [Theory]
    [InlineData("\"httpToken\": \"short\"", "httpToken", "16 or more")]
    [InlineData("\"httpToken\": \"with a blank in it 123\"", "httpToken", "without blanks")]
    [InlineData("\"httpToken\": \"0123456789abcdef\", \"httpTokenFile\": \"no/such\"", "httpToken", "keep one")]
    [InlineData("\"httpTokenFile\": \"no/such\"", "httpTokenFile", "cannot be read")]
    public void A_token_that_would_not_protect_is_refused(string settings, string key, string part)
    {
        var errors = LoadedText.From($"{{ {Rest}, {settings} }}").Errors;
        Assert.Contains(errors, error => string.Equals(error.Key, key, StringComparison.Ordinal)
            && error.Message.Contains(part, StringComparison.Ordinal));
        Assert.DoesNotContain(errors, error => error.Message.Contains("0123456789", StringComparison.Ordinal));
    }

    [Fact]
    public void A_token_from_a_file_is_taken_and_masked()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "0123456789abcdef\n");
            var good = LoadedText.From($$"""{ {{Rest}}, "httpTokenFile": "{{file}}" }""").Good;
            Assert.True(good.HttpToken!.Matches("Bearer 0123456789abcdef"));
            Assert.DoesNotContain("0123456789", string.Join('\n', good.Settings), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Theory]
    [InlineData("", "are refused there until httpToken is set")]
    [InlineData(", \"httpToken\": \"0123456789abcdef\"", "httpToken travels in clear text")]
    public void A_public_address_is_warned_of(string token, string part)
    {
        var good = LoadedText.From($"{{ {Rest}, \"http\": \"0.0.0.0:8432\"{token} }}").Good;
        Assert.Contains(good.Warnings, warning => warning.Contains(part, StringComparison.Ordinal));
    }
}
