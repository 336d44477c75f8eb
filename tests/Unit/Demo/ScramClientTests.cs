using Freshet.Server.Demo.Traffic;
using Xunit;

namespace Freshet.Tests.Unit.Demo;

public sealed class ScramClientTests
{
    // The exchange of RFC 7677 section 3, whose client names a user in its first message; PostgreSQL's clients name
    // none there, so proof and signature differ. These two were computed with Python's hashlib for n=.
    private const string Nonce = "rOprNGfwEbeRWgbNEkqO";
    private const string Challenge =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    [Fact]
    public void Proves_that_it_knows_the_password_and_expects_the_same_of_the_server()
    {
        var (message, signature) = new ScramClient("pencil").Answer(Nonce, Challenge);
        Assert.Equal(
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
            + ",p=qvT2SWdEH5Q06albL+hjSYuUhCG7VndFyzIb7CK4n9k=",
            message);
        Assert.Equal("v=3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg=", signature);
    }

    [Theory]
    [InlineData("r=somebody-elses,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096")]
    [InlineData("r=rOprNGfwEbeRWgbNEkqOx,i=4096,s=W22ZaJ0SNY7soEsUEjb6gQ==")]
    [InlineData("e=other-error")]
    public void Refuses_a_challenge_that_is_not_for_it(string challenge)
    {
        var refusal = Assert.Throws<TrafficException>(() => new ScramClient("pencil").Answer(Nonce, challenge));
        Assert.Equal("08P01", refusal.SqlState);
    }
}
