using System.Text;
using Freshet.Core.Sql.Analysis;
using Xunit;

namespace Freshet.Tests.Unit.Sql.Analysis;

public sealed class DateWordsTests
{
    [Theory]
    [InlineData("now", true)]
    [InlineData("NOW", true)]
    [InlineData("{2020-01-01,today}", true)]
    [InlineData("now5", true)]
    [InlineData("[yesterday,]", true)]
    [InlineData("énow", true)] // the server may take é as no letter
    [InlineData("know", false)]
    [InlineData("nowhere", false)]
    [InlineData("2020-01-01", false)]
    [InlineData("", false)]
    public void A_word_counts_where_it_stands_alone(string text, bool found) =>
        Assert.Equal(found, DateWords.MayContain(Encoding.UTF8.GetBytes(text)));
}
