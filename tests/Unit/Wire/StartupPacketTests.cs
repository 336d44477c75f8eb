using System.Text;
using Freshet.Core.Wire;
using Xunit;

namespace Freshet.Tests.Unit.Wire;

public sealed class StartupPacketTests
{
    private static StartupPacket? Read(params string[] parts) =>
        StartupPacket.Read(Encoding.UTF8.GetBytes(string.Concat(parts.Select(part => part + "\0"))));

    [Fact]
    public void Parameters_are_sorted_into_their_places()
    {
        StartupPacket packet = Read("user", "bob", "application_name", "x", "database", "shop", "options", "-c a=b",
            "_pq_.extra", "1", "search_path", "a,b", "")!;

        Assert.Equal("bob", packet.User);
        Assert.Equal("shop", packet.Database);
        Assert.Equal("-c a=b", packet.Options);
        Assert.Equal(["_pq_.extra"], packet.Extensions);
        Assert.Equal([new("application_name", "x"), new("search_path", "a,b")], packet.Settings);
        Assert.Null(packet.Replication);
    }

    [Fact]
    public void The_database_is_the_user_where_none_is_named() =>
        Assert.Equal("bob", Read("user", "bob", "")!.Database);

    [Fact]
    public void A_packet_without_a_user_or_with_an_empty_one_is_malformed()
    {
        Assert.Null(Read(""));
        Assert.Null(Read("database", "shop", ""));
        Assert.Null(Read("user", "", ""));
    }

    [Fact]
    public void Every_truncation_and_every_byte_too_many_is_malformed()
    {
        byte[] whole = "user\0bob\0database\0shop\0\0"u8.ToArray();
        Assert.NotNull(StartupPacket.Read(whole));
        for (int length = 0; length < whole.Length; length++)
        {
            Assert.Null(StartupPacket.Read(whole.AsSpan(0, length)));
        }

        Assert.Null(StartupPacket.Read([.. whole, 0]));
        Assert.Null(StartupPacket.Read([.. whole, (byte)'x']));
    }

    [Theory]
    [InlineData("database", true)]
    [InlineData("true", true)]
    [InlineData("on", true)]
    [InlineData("1", true)]
    [InlineData("false", false)]
    [InlineData("OFF", false)]
    [InlineData("no", false)]
    [InlineData("0", false)]
    public void Replication_is_what_the_server_takes_for_it(string value, bool replication) =>
        Assert.Equal(replication, Read("user", "bob", "replication", value, "")!.Replication is not null);

    [Fact]
    public void Names_are_UTF_8_and_values_are_kept_byte_for_byte()
    {
        StartupPacket packet = Read("user", "Zoë", "application_name", "日", "")!;
        Assert.Equal("Zoë", packet.User);
        Assert.Equal("日", Encoding.UTF8.GetString(Encoding.Latin1.GetBytes(packet.Settings[0].Value)));
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("   ", "")]
    [InlineData("-c a=b", "a=b")]
    [InlineData("-ca=b  --c-d=e\t-c\nf=g h", null)]
    [InlineData("-ca=b  --c-d=e\t-c\nf=g", "a=b|c_d=e|f=g")]
    [InlineData("-c search_path=a\\ b,\\\\c", "search_path=a b,\\c")]
    [InlineData("-c a=b\\", "a=b")]
    [InlineData("-c a=", "a=")]
    [InlineData("-c a==", "a==")]
    [InlineData("-c a=\u00c3\u00a0\u0085b", "a=\u00c3\u00a0\u0085b")]
    [InlineData("-c", null)]
    [InlineData("-c a", null)]
    [InlineData("-c =a", null)]
    [InlineData("--", null)]
    [InlineData("-d 5", null)]
    [InlineData("a=b", null)]
    public void Options_are_split_as_the_server_splits_them(string options, string? expected)
    {
        List<KeyValuePair<string, string>> settings = [];
        bool read = StartupOptions.TryRead(options, settings);
        Assert.Equal(expected is not null, read);
        if (read)
        {
            Assert.Equal(expected, string.Join('|', settings.Select(setting => $"{setting.Key}={setting.Value}")));
        }
    }
}
