using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Freshet.Core.Wire.Auth;
using Xunit;
using static Freshet.Tests.Unit.Wire.Auth.SaslMessage;

namespace Freshet.Tests.Unit.Wire.Auth;

public class ScramClientExchangeTests
{
    private const string Nonce = "abcdefghijklmnopqrstuvwx";
    private static readonly byte[] _salt = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16];
    private static readonly byte[] _hash = [0xAA, 0xBB, 0xCC];

    private static ScramVerifier Verifier(string password, int iterations = 2) =>
        ScramVerifier.FromPassword(Bytes(password), _salt, iterations);

    private static ScramClientExchange Client(string? password = "pw", ScramKeys? keys = null, byte[]? hash = null) =>
        new(password, keys, hash ?? [], requireChannelBinding: false, Nonce);

    /// <summary>Runs both sides; the result is the server's unless the client stops first.</summary>
    private static ScramResult Run(ScramClientExchange client, ScramServerExchange server, bool bindingOffered)
    {
        var result = client.Start(ScramServerExchange.MechanismList(bindingOffered));
        if (result != ScramResult.Continue) return result;
        result = server.Start(Initial(client.Mechanism, client.Output));
        if (result != ScramResult.Continue) return result;
        result = ScramSecret.Answer(client, server.Output);
        if (result != ScramResult.Continue) return result;
        result = server.Respond(client.Output);
        return result == ScramResult.Success ? client.ServerFinal(server.Output) : result;
    }

    /// <summary>Runs both sides up to the server's challenge.</summary>
    private static ScramResult Challenge(ScramClientExchange client, out ScramServerExchange server)
    {
        server = new ScramServerExchange(Verifier("pw"), []);
        client.Start(ScramServerExchange.MechanismList(false));
        server.Start(Initial(client.Mechanism, client.Output));
        return client.ServerFirst(server.Output);
    }

    [Fact]
    public void Any_password_logs_in_to_its_own_verifier_and_to_no_other()
    {
        var property = Prop.ForAll(
            ArbMap.Default.ArbFor<string>(), ArbMap.Default.ArbFor<string>(), ArbMap.Default.ArbFor<bool>(),
            (password, other, tls) =>
            {
                password ??= "";
                other ??= "";
                byte[] hash = tls ? _hash : [];
                var server = new ScramServerExchange(Verifier(password), hash);
                var client = Client(password, hash: hash);
                var good = Run(client, server, tls) == ScramResult.Success
                    && client.Keys!.ClientKey.SequenceEqual(server.Keys!.ClientKey);
                var same = SaslPrep.Prepare(Bytes(password)).AsSpan().SequenceEqual(SaslPrep.Prepare(Bytes(other)));
                var second = Run(Client(other, hash: hash), new(Verifier(password), hash), tls);
                return good && second == (same ? ScramResult.Success : ScramResult.WrongPassword);
            });
        property.QuickCheckThrowOnFailure();
    }

    [Fact]
    public void Keys_won_from_a_clients_proof_log_in_to_a_server_with_the_same_verifier()
    {
        var front = new ScramServerExchange(Verifier("pw"), []);
        Assert.Equal(ScramResult.Success, Run(Client(), front, false));
        var back = new ScramServerExchange(Verifier("pw"), []);
        Assert.Equal(ScramResult.Success, Run(Client(null, front.Keys), back, false));
    }

    // The exchange of RFC 7677 section 3, whose client names a user in its first message; PostgreSQL's clients name
    // none there, so proof and signature differ. These two were computed with Python's hashlib for n=.
    [Fact]
    public void Proof_and_signature_are_those_of_the_RFC()
    {
        var client = new ScramClientExchange("pencil", null, [], requireChannelBinding: false, "rOprNGfwEbeRWgbNEkqO");
        client.Start("SCRAM-SHA-256\0\0"u8);
        const string ServerNonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        ScramSecret.Answer(client, Bytes($"r={ServerNonce},s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"));
        Assert.Equal(
            $"c=biws,r={ServerNonce},p=qvT2SWdEH5Q06albL+hjSYuUhCG7VndFyzIb7CK4n9k=",
            Encoding.ASCII.GetString(client.Output));
        var final = Bytes("v=3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg=");
        Assert.Equal(ScramResult.Success, client.ServerFinal(final));
    }

    [Fact]
    public void A_secret_derives_its_keys_once_for_a_server()
    {
        var secret = new ScramSecret("pw");
        var first = secret.Begin();
        Assert.Equal(ScramResult.KeysNeeded, Challenge(first, out _));
        Assert.Equal(ScramResult.Continue, first.UseKeys(first.DeriveKeys()));
        Assert.Equal(ScramResult.KeysNeeded, Challenge(secret.Begin(), out _)); // the first has not succeeded

        var second = secret.Begin();
        Challenge(second, out var server);
        second.UseKeys(second.DeriveKeys());
        server.Respond(second.Output);
        Assert.Equal(ScramResult.Success, secret.End(second, server.Output));
        Assert.Equal(ScramResult.Continue, Challenge(secret.Begin(), out _));
    }

    [Fact]
    public void Keys_of_another_challenge_are_not_used()
    {
        var client = Client();
        Assert.Equal(ScramResult.KeysNeeded, Challenge(client, out _));
        var other = ScramKeys.FromPassword("pw"u8, _salt, 3);
        Assert.Throws<InvalidOperationException>(() => client.UseKeys(other));
        Assert.Throws<InvalidOperationException>(() => Client().UseKeys(other));
        Assert.Throws<InvalidOperationException>(() => Client().DeriveKeys());
    }

    [Fact]
    public void Keys_for_another_salt_or_count_do_not_fit_and_the_password_takes_over_where_it_is_known()
    {
        var keys = ScramKeys.FromPassword("pw"u8, _salt, 3);
        Assert.Equal(ScramResult.SecretDoesNotFit, Run(Client(null, keys), new(Verifier("pw"), []), false));
        Assert.Equal(ScramResult.Success, Run(Client("pw", keys), new(Verifier("pw"), []), false));
        var otherSalt = ScramKeys.FromPassword("pw"u8, "another salt    "u8, 2);
        Assert.Equal(ScramResult.SecretDoesNotFit, Run(Client(null, otherSalt), new(Verifier("pw"), []), false));
    }

    [Fact]
    public void A_man_in_the_middle_with_another_certificate_fails_the_channel_binding()
    {
        var server = new ScramServerExchange(Verifier("pw"), [1, 1, 1]);
        Assert.Equal(ScramResult.ProtocolViolation, Run(Client(hash: _hash), server, true));
        Assert.Equal("SCRAM channel binding check failed", server.Error!.Message);
    }

    [Fact]
    public void Taking_PLUS_out_of_the_servers_list_is_noticed_by_the_server()
    {
        var server = new ScramServerExchange(Verifier("pw"), _hash);
        Assert.Equal(ScramResult.ProtocolViolation, Run(Client(hash: _hash), server, bindingOffered: false));
        Assert.Equal("SCRAM channel binding negotiation error", server.Error!.Message);
    }

    [Fact]
    public void Required_channel_binding_refuses_a_server_without_it()
    {
        var client = new ScramClientExchange("pw", null, _hash, requireChannelBinding: true);
        Assert.Equal(ScramResult.ProtocolViolation, client.Start("SCRAM-SHA-256\0\0"u8));
        client = new("pw", null, [], requireChannelBinding: true);
        Assert.Equal(ScramResult.ProtocolViolation, client.Start("SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"u8));
    }

    [Theory]
    [InlineData("")]
    [InlineData("\0")]
    [InlineData("SCRAM-SHA-1\0\0")]
    [InlineData("SCRAM-SHA-256")]
    [InlineData("SCRAM-SHA-256\0")]
    public void A_list_without_a_mechanism_of_ours_or_without_an_end_is_refused(string list) =>
        Assert.Equal(ScramResult.ProtocolViolation, Client().Start(Bytes(list)));

    [Theory]
    [InlineData("")]
    [InlineData("r=")]
    [InlineData("r=" + Nonce + ",s=AAAA,i=1")] // nothing added
    [InlineData("r=abcdefghijklm,s=AAAA,i=1")] // shorter than ours
    [InlineData("r=XbcdefghijklmnopqrstuvwxY,s=AAAA,i=1")]
    [InlineData("r=" + Nonce + "é,s=AAAA,i=1")]
    [InlineData("r=" + Nonce + "Y")]
    [InlineData("r=" + Nonce + "Y,s=AAAA")]
    [InlineData("r=" + Nonce + "Y,s=,i=1")]
    [InlineData("r=" + Nonce + "Y,s=A,i=1")]
    [InlineData("r=" + Nonce + "Y,s=AA A,i=1")]
    [InlineData("r=" + Nonce + "Y,s=AAAA,i=")]
    [InlineData("r=" + Nonce + "Y,s=AAAA,i=0")]
    [InlineData("r=" + Nonce + "Y,s=AAAA,i=-1")]
    [InlineData("r=" + Nonce + "Y,s=AAAA,i=+1")]
    [InlineData("r=" + Nonce + "Y,s=AAAA,i=1x")]
    [InlineData("r=" + Nonce + "Y,s=AAAA,i=1000001")]
    [InlineData("r=" + Nonce + "Y,s=AAAA,i=99999999999999999999")]
    [InlineData("r=" + Nonce + "Y,s=AAAA,i=1,x=1")]
    [InlineData("m=1,r=" + Nonce + "Y,s=AAAA,i=1")]
    public void A_hostile_or_malformed_challenge_is_refused(string challenge)
    {
        var client = Client();
        client.Start("SCRAM-SHA-256\0\0"u8);
        Assert.Equal(ScramResult.ProtocolViolation, client.ServerFirst(Bytes(challenge)));
        Assert.NotNull(client.Error);
        Assert.Equal(0, client.Output.Length);
    }

    [Fact]
    public void A_challenge_with_a_salt_or_length_beyond_the_limit_is_refused()
    {
        foreach (var length in (int[])[2000, 1_000_000])
        {
            var client = Client();
            client.Start("SCRAM-SHA-256\0\0"u8);
            var challenge = $"r={Nonce}Y,s={Convert.ToBase64String(new byte[length])},i=1";
            Assert.Equal(ScramResult.ProtocolViolation, client.ServerFirst(Bytes(challenge)));
        }
    }

    [Theory]
    [InlineData("")]
    [InlineData("v=")]
    [InlineData("v=AAAA")]
    [InlineData("v=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")]
    [InlineData("e=other-error")]
    public void A_server_that_does_not_prove_itself_is_no_success(string final)
    {
        var client = Client();
        client.Start("SCRAM-SHA-256\0\0"u8);
        Assert.Equal(ScramResult.Continue, ScramSecret.Answer(client, Bytes($"r={Nonce}Y,s=AAAA,i=1")));
        Assert.Equal(ScramResult.ProtocolViolation, client.ServerFinal(Bytes(final)));
        Assert.Null(client.Keys);
    }

    [Fact]
    public void Steps_out_of_order_are_refused()
    {
        Assert.Equal(ScramResult.ProtocolViolation, Client().ServerFirst(Bytes($"r={Nonce}Y,s=AAAA,i=1")));
        Assert.Equal(ScramResult.ProtocolViolation, Client().ServerFinal("v="u8));
        var client = Client();
        client.Start("SCRAM-SHA-256\0\0"u8);
        Assert.Equal(ScramResult.ProtocolViolation, client.Start("SCRAM-SHA-256\0\0"u8));
    }
}
