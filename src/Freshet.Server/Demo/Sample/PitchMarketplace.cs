namespace Freshet.Server.Demo.Sample;

/// <summary>Sports pitches for hire: search, look, book.</summary>
internal static class PitchMarketplace
{
    public const int Cities = 50;
    public const int Venues = 2_000;
    public const int Pitches = 6_000;
    public const int Bookings = 150_000;
    public const int Reviews = 60_000;
    public const int Users = 30_000;
    public const int Days = 400;

    public static SampleApplication Application { get; } = new(
        "pitch marketplace",
        Venues + Pitches + Bookings + Reviews,
        """
        CREATE SCHEMA pitch;
        CREATE TABLE pitch.venues (id int, name text, city_id int, address text, opened date);
        CREATE TABLE pitch.pitches (
            id int, venue_id int, name text, surface text, price_cents int, bookings int DEFAULT 0);
        CREATE SEQUENCE pitch.bookings_id;
        CREATE TABLE pitch.bookings (
            id bigint DEFAULT nextval('pitch.bookings_id'), pitch_id int, user_id int, day date, hour int,
            price_cents int, made_at timestamptz DEFAULT now());
        CREATE TABLE pitch.reviews (id int, pitch_id int, user_id int, stars int, body text, written date);
        """,
        $"""
        INSERT INTO pitch.venues SELECT i, 'Venue ' || i, 1 + sample.pick(i, 1, {Cities}),
            sample.pick(i, 2, 200) || ' Station Road', date '2010-01-01' + sample.pick(i, 3, 5000)
            FROM generate_series(1, {Venues}) i;
        INSERT INTO pitch.pitches SELECT i, 1 + sample.pick(i, 4, {Venues}), 'Pitch ' || i,
            (ARRAY['grass', 'artificial', 'hall', 'clay'])[1 + sample.pick(i, 5, 4)], 2000 + 100 * sample.pick(i, 6, 80)
            FROM generate_series(1, {Pitches}) i;
        INSERT INTO pitch.bookings SELECT nextval('pitch.bookings_id'), 1 + sample.pick(i, 7, {Pitches}),
            1 + sample.pick(i, 8, {Users}), date '2026-01-01' + sample.pick(i, 9, {Days}), 8 + sample.pick(i, 10, 14),
            2000 + 100 * sample.pick(i, 11, 80), timestamptz '2026-01-01 00:00Z' + i * interval '1 minute'
            FROM generate_series(1, {Bookings}) i;
        INSERT INTO pitch.reviews SELECT i, 1 + sample.pick(i, 12, {Pitches}), 1 + sample.pick(i, 13, {Users}),
            1 + sample.pick(i, 14, 5), 'Review ' || i || ': good light, easy to find, showers '
            || (ARRAY['hot', 'warm', 'cold'])[1 + sample.pick(i, 15, 3)], date '2026-01-01' + sample.pick(i, 16, {Days})
            FROM generate_series(1, {Reviews}) i;
        """,
        """
        ALTER TABLE pitch.venues ADD PRIMARY KEY (id);
        ALTER TABLE pitch.pitches ADD PRIMARY KEY (id), ADD FOREIGN KEY (venue_id) REFERENCES pitch.venues;
        ALTER TABLE pitch.bookings ADD PRIMARY KEY (id), ADD FOREIGN KEY (pitch_id) REFERENCES pitch.pitches;
        ALTER TABLE pitch.reviews ADD PRIMARY KEY (id), ADD FOREIGN KEY (pitch_id) REFERENCES pitch.pitches;
        CREATE INDEX ON pitch.venues (city_id);
        CREATE INDEX ON pitch.pitches (venue_id);
        CREATE INDEX ON pitch.bookings (pitch_id, day);
        CREATE INDEX ON pitch.bookings (user_id, day);
        CREATE INDEX ON pitch.reviews (pitch_id);
        ANALYZE pitch.venues, pitch.pitches, pitch.bookings, pitch.reviews;
        """,
        [(30, ShowPitch), (25, SearchCity), (20, ShowDay), (10, ListMyBookings), (15, Book)]);

    private static SampleRequest ShowPitch(SeededRandom random) => SampleRequest.Of(
        "pitch: show",
        new SampleStatement(
            "SELECT p.id, p.name, p.surface, p.price_cents, v.name, v.address FROM pitch.pitches p "
            + "JOIN pitch.venues v ON v.id = p.venue_id WHERE p.id = $1",
            Pitch(random)));

    private static SampleRequest SearchCity(SeededRandom random) => SampleRequest.Of(
        "pitch: search a city",
        new SampleStatement(
            "SELECT p.id, p.name, p.price_cents, v.name, (SELECT avg(r.stars) FROM pitch.reviews r "
            + "WHERE r.pitch_id = p.id) FROM pitch.venues v JOIN pitch.pitches p ON p.venue_id = v.id "
            + "WHERE v.city_id = $1 ORDER BY p.price_cents, p.id LIMIT 10",
            $"{random.PopularId(Cities)}"));

    private static SampleRequest ShowDay(SeededRandom random) => SampleRequest.Of(
        "pitch: free hours of a day",
        new SampleStatement(
            "SELECT hour FROM pitch.bookings WHERE pitch_id = $1 AND day = $2 ORDER BY hour",
            Pitch(random),
            Day(random)));

    private static SampleRequest ListMyBookings(SeededRandom random) => SampleRequest.Of(
        "pitch: my bookings",
        new SampleStatement(
            "SELECT b.id, b.day, b.hour, p.name, v.name FROM pitch.bookings b "
            + "JOIN pitch.pitches p ON p.id = b.pitch_id JOIN pitch.venues v ON v.id = p.venue_id "
            + "WHERE b.user_id = $1 ORDER BY b.day DESC LIMIT 20",
            User(random)));

    private static SampleRequest Book(SeededRandom random)
    {
        var pitch = Pitch(random);
        return SampleRequest.Of(
            "pitch: book",
            new SampleStatement("SELECT price_cents FROM pitch.pitches WHERE id = $1", pitch),
            new SampleStatement(
                "INSERT INTO pitch.bookings (pitch_id, user_id, day, hour, price_cents) "
                + "SELECT id, $2, $3, $4, price_cents FROM pitch.pitches WHERE id = $1 RETURNING id",
                pitch,
                User(random),
                Day(random),
                $"{8 + random.Below(14)}"),
            new SampleStatement("UPDATE pitch.pitches SET bookings = bookings + 1 WHERE id = $1", pitch));
    }

    private static string Pitch(SeededRandom random) => $"{random.PopularId(Pitches)}";

    private static string User(SeededRandom random) => $"{1 + random.Below(Users)}";

    private static string Day(SeededRandom random) =>
        new DateOnly(2026, 1, 1).AddDays(random.Below(Days)).ToString("yyyy-MM-dd");
}
