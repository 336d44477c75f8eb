using System.Text;
using Freshet.Core.Wire.Auth;
using Xunit;

namespace Freshet.Tests.Unit.Wire.Auth;

/// <summary>The verifiers were made by PostgreSQL 15.</summary>
public class ScramVerifierTests
{
    private const string OfSecret =
        "SCRAM-SHA-256$4096:OYrAMY4Rdwpu8HJ+sCx4Jg==$yeBj61NkyFtWCKEIqxLFgxfGHb7s76H3m1Ct8/t+sN4="
        + ":r9qzikbB1etgsjdR0yqq9d5TlrfLgdJlgsAkVOQ9DoI=";

    [Theory]
    [InlineData("secret", OfSecret)]
    [InlineData("\uFF50\uFF41ss\u2168", // compatibility characters
        "SCRAM-SHA-256$4096:9m5n1MaDWNzEXvq1tKb5Kg==$XlQlF4uP6kyr/Ca3Q7f8ufbbFrjizf56M7qi+zdNpnY="
        + ":O7bsaBoAaeZfQC8XGqKQ9MEbxAVQVvOc5Y4BHZaw24g=")]
    [InlineData("e\u0301\u00AD\u00A0x", // to be composed; soft hyphen; no-break space
        "SCRAM-SHA-256$4096:1VLMxRU3YpSAAw6PiC/6Bw==$XbNbs4kIe0veZ/9TF7f4CvNCkOOzCSpzyOjqTq8910k="
        + ":RdT3qwbBcN3LEOjGCf5CI6wQejR6o3VTyukW5uMejPI=")]
    [InlineData("a\u0007\u00e9\uFF50", // a control character: prohibited, so raw
        "SCRAM-SHA-256$4096:XLwUDJVGTcxG3PPLlL7+DQ==$W6H/YUgTVDYMLRsLYM2/64ISHrsX5SkpRJ6Q7qaqY7E="
        + ":kXNm9ilE1mFnsFeLpvA54T/DCZ5eOQ3fjPLwo/XvnUU=")]
    [InlineData("\uD55C\u1112\u1161\u11AB\uFB01", // Hangul, composed and not
        "SCRAM-SHA-256$4096:u66fGteCgCu6UE/HdXIuCg==$hsZNekGYgepsDCycJXUXPWOq2uYw3kJgbevQeupy9BY="
        + ":BMOLo055w25SrEdGAT9ExXK8wvcuGO5HB7I0sP0hhGQ=")]
    [InlineData("\u0627a\u0628", // mixed directions: raw
        "SCRAM-SHA-256$4096:RJgIsliMhTLWMxqx8iqe8g==$8obV0BIZ1ETX6nILuNRhfwmUrhiih2U/wnFsZIjSnmo="
        + ":s/cK3M6P4UvpOY1qgE4ebX2MecIZaWkWOSQHsz+Jrgk=")]
    [InlineData("\u06271\u0628", // right to left throughout
        "SCRAM-SHA-256$4096:q69Iji6PlZstV1rujy7UYw==$cPyXsNgxHy4KchsqYP5MTe2KOHmaziTbYZp7ZoZtFow="
        + ":tXMMJdWWZNDCB5AkIbODuMg0bACzAVqgAkw0dFxpOTc=")]
    [InlineData("\U0001F600\uFF50", // unassigned in Unicode 3.2: raw
        "SCRAM-SHA-256$4096:QlWzwIwxni06nMGBK7f60w==$Ji/pQ4t6FKjDhNoS7UZqkWX3CXin/cFLRHpbeZDCLXs="
        + ":+lefJPuvTxlx9zF5Wh6qKoJIWY1bW1XpxDm5D5Ijzm4=")]
    [InlineData("\u0344A\u030A\u0323", // marks out of canonical order
        "SCRAM-SHA-256$4096:0Yg+iQE7lcEhF0LUzuHzLw==$USlYzvDXk4K2LE19YBgrKt965Qp9WGre/2BbLGK5pAc="
        + ":nw+ULGlBjlp0q9/HUtZlegkQly67LsGen0AvL9HyVTA=")]
    public void A_verifier_made_by_PostgreSQL_fits_its_password_and_no_other(string password, string text)
    {
        Assert.True(ScramVerifier.TryParse(text, out var verifier));
        Assert.True(verifier.Matches(Encoding.UTF8.GetBytes(password)));
        Assert.False(verifier.Matches(Encoding.UTF8.GetBytes(password + "x")));
        Assert.Equal(text, verifier.Format());
    }

    [Fact]
    public void A_password_that_is_not_UTF8_is_used_as_it_is()
    {
        byte[] password = [0x70, 0xFF, 0xC3];
        Assert.Equal(password, SaslPrep.Prepare(password));
    }

    [Theory]
    [InlineData("")]
    [InlineData("secret")]
    [InlineData("SCRAM-SHA-256$")]
    [InlineData("SCRAM-SHA-256$0:AAAA$AAAA:AAAA")]
    [InlineData("SCRAM-SHA-256$4096:OYrAMY4Rdwpu8HJ+sCx4Jg==$yeBj61NkyFtWCKEIqxLFgxfGHb7s76H3m1Ct8/t+sN4=")]
    [InlineData("SCRAM-SHA-256$4096$OYrAMY4Rdwpu8HJ+sCx4Jg==$yeBj61NkyFtWCKEIqxLFgxfGHb7s76H3m1Ct8/t+sN4="
        + ":r9qzikbB1etgsjdR0yqq9d5TlrfLgdJlgsAkVOQ9DoI=")]
    [InlineData(OfSecret + "=")]
    [InlineData(OfSecret + ":")]
    public void What_is_no_whole_verifier_is_refused(string text) =>
        Assert.False(ScramVerifier.TryParse(text, out _));

    [Fact]
    public void A_negative_or_huge_iteration_count_is_refused()
    {
        Assert.False(ScramVerifier.TryParse(OfSecret.Replace("4096", "-1", StringComparison.Ordinal), out _));
        Assert.False(ScramVerifier.TryParse(OfSecret.Replace("4096", "99999999999", StringComparison.Ordinal), out _));
    }

    [Fact]
    public void A_mock_verifier_shows_each_name_the_same_salt_always_and_fits_no_password()
    {
        var key = new byte[32];
        var first = ScramVerifier.Mock("nobody", key);
        Assert.True(first.Salt.SequenceEqual(ScramVerifier.Mock("nobody", key).Salt));
        Assert.False(first.Salt.SequenceEqual(ScramVerifier.Mock("somebody", key).Salt));
        Assert.Equal(ScramVerifier.DefaultSaltLength, first.Salt.Length);
        Assert.False(first.Matches(""u8));
    }

    [Fact]
    public void Printing_a_verifier_or_keys_shows_nothing_of_them()
    {
        var keys = ScramKeys.FromPassword("secret"u8, "0123456789abcdef"u8, 1);
        Assert.DoesNotContain("$", keys.Verifier.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain("$", keys.ToString(), StringComparison.Ordinal);
    }
}
