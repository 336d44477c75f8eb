using System.Text;
using Freshet.Core.Wire.Auth;
using Xunit;
using static Freshet.Tests.Unit.Wire.Auth.SaslMessage;

namespace Freshet.Tests.Unit.Wire.Auth;

public class ScramServerExchangeTests
{
    private const string Rfc7677Salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
    private const string Rfc7677ServerNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    private const string Rfc7677First = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    private const string Rfc7677Final = "c=biws,r=rOprNGfwEbeRWgbNEkqO" + Rfc7677ServerNonce
        + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    private static readonly byte[] _hash = [1, 2, 3, 4];

    private static ScramVerifier Pencil { get; } =
        ScramVerifier.FromPassword("pencil"u8, Convert.FromBase64String(Rfc7677Salt), 4096);

    private static ScramServerExchange Exchange(bool tls = false, ScramVerifier? verifier = null) =>
        new(verifier ?? Pencil, tls ? _hash : [], Rfc7677ServerNonce);

    [Fact]
    public void The_example_of_RFC_7677_ends_in_success_with_its_signature()
    {
        var server = Exchange();
        Assert.Equal(ScramResult.Continue, server.Start(Initial("SCRAM-SHA-256", Bytes(Rfc7677First))));
        Assert.Equal($"r=rOprNGfwEbeRWgbNEkqO{Rfc7677ServerNonce},s={Rfc7677Salt},i=4096", Text(server.Output));
        Assert.Equal(ScramResult.Success, server.Respond(Bytes(Rfc7677Final)));
        Assert.Equal("v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", Text(server.Output));
        var expected = ScramKeys.FromPassword("pencil"u8, Convert.FromBase64String(Rfc7677Salt), 4096);
        Assert.True(expected.ClientKey.SequenceEqual(server.Keys!.ClientKey));
    }

    [Fact]
    public void A_client_may_send_its_first_message_after_an_empty_challenge()
    {
        var server = Exchange();
        Assert.Equal(ScramResult.Continue, server.Start(Initial("SCRAM-SHA-256", [], -1)));
        Assert.Equal(0, server.Output.Length);
        Assert.Equal(ScramResult.Continue, server.Respond(Bytes(Rfc7677First)));
        Assert.Equal(ScramResult.Success, server.Respond(Bytes(Rfc7677Final)));
    }

    [Fact]
    public void A_wrong_proof_is_a_wrong_password_and_yields_no_keys()
    {
        var server = Exchange();
        server.Start(Initial("SCRAM-SHA-256", Bytes(Rfc7677First)));
        var final = Rfc7677Final.Replace("p=d", "p=e", StringComparison.Ordinal);
        Assert.Equal(ScramResult.WrongPassword, server.Respond(Bytes(final)));
        Assert.Null(server.Keys);
        Assert.Equal(0, server.Output.Length);
        Assert.Equal(ScramResult.ProtocolViolation, server.Respond(Bytes(Rfc7677Final)));
    }

    [Fact]
    public void An_unknown_user_goes_through_the_same_steps_to_a_wrong_password()
    {
        var server = Exchange(verifier: ScramVerifier.Mock("nobody", new byte[32]));
        Assert.Equal(ScramResult.Continue, server.Start(Initial("SCRAM-SHA-256", Bytes(Rfc7677First))));
        Assert.Equal(ScramResult.WrongPassword, server.Respond(Bytes(Rfc7677Final)));
        Assert.Null(server.Error);
    }

    [Theory]
    [InlineData(true, "SCRAM-SHA-256", "y,,n=,r=abc", "SCRAM channel binding negotiation error")]
    [InlineData(true, "SCRAM-SHA-256", "p=tls-server-end-point,,n=,r=abc", "malformed SCRAM message")]
    [InlineData(true, "SCRAM-SHA-256-PLUS", "n,,n=,r=abc", "malformed SCRAM message")]
    [InlineData(true, "SCRAM-SHA-256-PLUS", "y,,n=,r=abc", "malformed SCRAM message")]
    [InlineData(true, "SCRAM-SHA-256-PLUS", "p=tls-unique,,n=,r=abc",
        "unsupported SCRAM channel-binding type \"tls-unique\"")]
    [InlineData(true, "SCRAM-SHA-256-PLUS", "p", "unsupported SCRAM channel-binding type \"\"")]
    [InlineData(false, "SCRAM-SHA-256", "p=tls-server-end-point,,n=,r=abc", "malformed SCRAM message")]
    [InlineData(false, "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,n=,r=abc",
        "client selected an invalid SASL authentication mechanism")]
    [InlineData(false, "SCRAM-SHA-1", "n,,n=,r=abc", "client selected an invalid SASL authentication mechanism")]
    public void A_channel_binding_flag_that_does_not_belong_to_the_connection_is_refused(
        bool tls, string mechanism, string first, string message)
    {
        var server = Exchange(tls);
        Assert.Equal(ScramResult.ProtocolViolation, server.Start(Initial(mechanism, Bytes(first))));
        Assert.Equal(message, server.Error!.Message);
    }

    [Theory]
    [InlineData("n,,n=,r=abc", true)]
    [InlineData("n,,n=,r=abc", false)]
    [InlineData("y,,n=,r=abc", false)]
    [InlineData("n,,n=ignored,r=abc,x=extension", false)]
    [InlineData("n,,n=,r=abc,", false)] // PostgreSQL lets the comma pass as well
    public void Flags_that_claim_no_more_than_the_truth_pass(string first, bool tls) =>
        Assert.Equal(ScramResult.Continue, Exchange(tls).Start(Initial("SCRAM-SHA-256", Bytes(first))));

    [Theory]
    [InlineData("")]
    [InlineData("n")]
    [InlineData("n,")]
    [InlineData("n,,")]
    [InlineData("q,,n=,r=abc")]
    [InlineData("n;,n=,r=abc")]
    [InlineData("n,x,n=,r=abc")]
    [InlineData("n,a=admin,n=,r=abc")]
    [InlineData("n,,m=1,n=,r=abc")]
    [InlineData("n,,n=")]
    [InlineData("n,,r=abc")]
    [InlineData("n,,n=,r=")]
    [InlineData("n,,n=,r=a b")]
    [InlineData("n,,n=,r=aéb")]
    [InlineData("n,,n=,r=abc,1=x")]
    [InlineData("n,,n=,r=abc,x")]
    [InlineData("n,,n=\0,r=abc")]
    public void A_malformed_first_message_is_a_protocol_violation(string first)
    {
        var server = Exchange();
        Assert.Equal(ScramResult.ProtocolViolation, server.Start(Initial("SCRAM-SHA-256", Bytes(first))));
    }

    [Theory]
    [InlineData("")]
    [InlineData("c=biws")]
    [InlineData("c=eSws,r=NONCE,p=PROOF")]
    [InlineData("c=biws,r=NONCEx,p=PROOF")]
    [InlineData("c=biws,r=NONC,p=PROOF")]
    [InlineData("c=biws,r=,p=PROOF")]
    [InlineData("c=biws,r=NONCE")]
    [InlineData("c=biws,r=NONCE,x=1")]
    [InlineData("c=biws,r=NONCE,p=")]
    [InlineData("c=biws,r=NONCE,p=AAAA")]
    [InlineData("c=biws,r=NONCE,p=PROOFAAAA")]
    [InlineData("c=biws,r=NONCE,p=PROOF,x=1")]
    [InlineData("c=biws,r=NONCE,p=PROOF,")]
    [InlineData("c=biws,r=NONCE,p=%%%%")]
    [InlineData("r=NONCE,p=PROOF")]
    public void A_malformed_final_message_is_a_protocol_violation(string final)
    {
        var server = Exchange();
        server.Start(Initial("SCRAM-SHA-256", Bytes(Rfc7677First)));
        var text = final.Replace("NONCE", "rOprNGfwEbeRWgbNEkqO" + Rfc7677ServerNonce, StringComparison.Ordinal)
            .Replace("PROOF", "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", StringComparison.Ordinal);
        Assert.Equal(ScramResult.ProtocolViolation, server.Respond(Bytes(text)));
        Assert.NotNull(server.Error);
        Assert.Null(server.Keys);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-2)]
    [InlineData(int.MinValue)]
    [InlineData(int.MaxValue)]
    [InlineData(33)]
    public void A_length_that_is_not_that_of_the_data_is_refused(int length)
    {
        var message = Initial("SCRAM-SHA-256", Bytes(Rfc7677First), length);
        Assert.Equal(ScramResult.ProtocolViolation, Exchange().Start(message));
    }

    [Fact]
    public void Every_truncation_of_the_initial_message_is_refused_or_fails_later()
    {
        var whole = Initial("SCRAM-SHA-256", Bytes(Rfc7677First));
        for (var length = 0; length < whole.Length; length++)
            Assert.Equal(ScramResult.ProtocolViolation, Exchange().Start(whole.AsSpan(0, length)));
    }

    [Fact]
    public void A_message_beyond_the_limit_is_refused_before_it_is_read()
    {
        var first = Bytes("n,,n=,r=" + new string('x', ScramText.MaximumMessage));
        Assert.Equal(ScramResult.ProtocolViolation, Exchange().Start(Initial("SCRAM-SHA-256", first)));
    }

    [Fact]
    public void A_second_start_or_a_response_before_the_start_is_refused()
    {
        var twice = Exchange();
        twice.Start(Initial("SCRAM-SHA-256", Bytes(Rfc7677First)));
        Assert.Equal(ScramResult.ProtocolViolation, twice.Start(Initial("SCRAM-SHA-256", Bytes(Rfc7677First))));
        Assert.Equal(ScramResult.ProtocolViolation, twice.Respond(Bytes(Rfc7677Final)));
        Assert.Equal(ScramResult.ProtocolViolation, Exchange().Respond(Bytes(Rfc7677First)));
    }

    [Fact]
    public void The_mechanisms_are_listed_with_PLUS_only_where_the_channel_can_be_bound()
    {
        Assert.Equal("SCRAM-SHA-256\0\0", Encoding.ASCII.GetString(ScramServerExchange.MechanismList(false)));
        Assert.Equal("SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0",
            Encoding.ASCII.GetString(ScramServerExchange.MechanismList(true)));
    }
}
