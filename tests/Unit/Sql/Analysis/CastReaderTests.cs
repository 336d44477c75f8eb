using System.Text;
using Freshet.Core.Sql.Analysis;
using Xunit;

namespace Freshet.Tests.Unit.Sql.Analysis;

/// <summary>A text from a table that becomes a date could say <c>now</c>.</summary>
public sealed class CastReaderTests
{
    [Theory]
    [InlineData("select '2020-01-01'::date from t", "Constant")]
    [InlineData("select $1::date from t", "Constant")]
    [InlineData("select null::date from t", "Constant")]
    [InlineData("select cast('2020-01-01' as date) from t", "Constant")]
    [InlineData("select ('2020-01-01'::text)::date from t", "Constant")]
    [InlineData("select made::date from t", "Column made")]
    [InlineData("select x.made::date from t x", "Column made")]
    [InlineData("select (x.made)::pg_catalog.date from t x", "Column made")]
    [InlineData("select cast(x.made as date) from t x", "Column made")]
    [InlineData("select date(x.made) from t x join u on (u.id = x.id)", "Column made")]
    [InlineData("select (made).date from t", "Column made")]
    [InlineData("select max(made)::date from t", "Column made")]
    [InlineData("select date_trunc('day', made)::date from t", "Date")]
    [InlineData("select (made at time zone 'utc')::date from t", "Date")]
    [InlineData("select (x::timestamp with time zone)::date from t", "Date")]
    [InlineData("select (a || b)::date from t", "Other")]
    [InlineData("select lower(a)::date from t", "Other")]
    [InlineData("select s.date_trunc('x', a)::date from t", "Other")]
    [InlineData("select made::text::date from t", "Other")]
    [InlineData("select (x.row).made::date from t x", "Other")]
    [InlineData("select (x.rows)[1].made::date from t x", "Other")]
    [InlineData("select a collate \"made\"::date from t", "Other")]
    [InlineData("select case when true then a end::date from t", "Other")]
    [InlineData("select (array[a])[1]::date from t", "Other")]
    [InlineData("select d::date from (select a as d from t) x", "Other")]
    [InlineData("with x as (select a as d from t) select d::date from x", "Other")]
    [InlineData("select d::date from unnest(array['no' || 'w']) d", "Other")]
    [InlineData("select d::date from t x (d)", "Other")]
    [InlineData("select * from json_to_recordset($1) as x (d date)", "Other")]
    [InlineData("select * from xmltable('/a' passing $1 columns d date)", "Other")]
    public void What_is_converted_is_told_by_its_shape(string sql, string expected)
    {
        var casts = StatementFacts.Read(Encoding.UTF8.GetBytes(sql), true).Casts.Where(cast => cast.Type is "date");

        Assert.Equal(expected, Assert.Single(casts.Select(cast => $"{cast.Source} {cast.Column}".Trim()).Distinct()));
    }

    [Theory]
    [InlineData("::date")]
    [InlineData("(")]
    [InlineData(")")]
    [InlineData("min(")]
    [InlineData("cast(")]
    [InlineData("x.")]
    [InlineData(" at time zone a")]
    public void A_hostile_text_costs_no_more_than_its_length(string part)
    {
        var text = "select a" + string.Concat(Enumerable.Repeat(part, StatementFacts.MostBytes / part.Length - 8));

        Assert.NotNull(StatementFacts.Read(Encoding.UTF8.GetBytes(text), true).Normalized);
        Assert.NotNull(StatementFacts.Read(Encoding.UTF8.GetBytes(text + "::date"), true).Normalized);
    }
}
