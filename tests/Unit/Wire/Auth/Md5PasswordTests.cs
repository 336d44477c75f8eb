using Freshet.Core.Wire.Auth;
using Xunit;

namespace Freshet.Tests.Unit.Wire.Auth;

public class Md5PasswordTests
{
    private const string Stored = "md59b4d122047e70932aeeb14e37e4cfb89"; // PostgreSQL 15: role u9, password secret

    [Fact]
    public void The_stored_hash_is_the_one_that_PostgreSQL_makes() =>
        Assert.Equal(Stored, Md5Password.Hash("u9", "secret"));

    [Fact]
    public void An_answer_fits_its_salt_only()
    {
        var answer = System.Text.Encoding.ASCII.GetBytes(Md5Password.Answer(Stored, [1, 2, 3, 4]));
        Assert.True(Md5Password.Verify(Stored, [1, 2, 3, 4], answer));
        Assert.False(Md5Password.Verify(Stored, [1, 2, 3, 5], answer));
        Assert.False(Md5Password.Verify(Stored, [1, 2, 3, 4], answer.AsSpan(1)));
        Assert.False(Md5Password.Verify(Stored, [1, 2, 3, 4], []));
    }

    [Theory]
    [InlineData(Stored, true)]
    [InlineData("md59B4D122047E70932AEEB14E37E4CFB89", false)]
    [InlineData("md5", false)]
    [InlineData(null, false)]
    public void Only_35_characters_of_lower_case_hex_are_a_hash(string? text, bool expected) =>
        Assert.Equal(expected, Md5Password.IsHash(text));

    [Theory]
    [InlineData("secret", true)]
    [InlineData(Stored, true)]
    [InlineData("SCRAM-SHA-256$4096:OYrAMY4Rdwpu8HJ+sCx4Jg==$yeBj61NkyFtWCKEIqxLFgxfGHb7s76H3m1Ct8/t+sN4="
        + ":r9qzikbB1etgsjdR0yqq9d5TlrfLgdJlgsAkVOQ9DoI=", true)]
    [InlineData("other", false)]
    public void A_clear_password_is_checked_against_any_form_of_secret(string secret, bool expected)
    {
        Assert.Equal(expected, ClearPassword.Verify(secret, "u9", "secret"u8));
        Assert.False(ClearPassword.Verify(secret, "u9", "Secret"u8));
        Assert.False(ClearPassword.Verify(secret, "u9", []));
    }
}
