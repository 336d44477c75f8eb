namespace Freshet.Server.Demo.Sample;

/// <summary>A CRM: accounts, their contacts and deals, what was done about them.</summary>
internal static class CustomerRelations
{
    public const int Accounts = 20_000;
    public const int Contacts = 60_000;
    public const int Deals = 60_000;
    public const int Activities = 120_000;
    public const int Owners = 200;

    public static SampleApplication Application { get; } = new(
        "CRM",
        Accounts + Contacts + Deals + Activities,
        """
        CREATE SCHEMA crm;
        CREATE TABLE crm.accounts (id int, name text, industry text, owner_id int, created date);
        CREATE TABLE crm.contacts (id int, account_id int, name text, email text, phone text);
        CREATE TABLE crm.deals (id int, account_id int, title text, stage text, amount_cents bigint, owner_id int);
        CREATE SEQUENCE crm.activities_id;
        CREATE TABLE crm.activities (
            id bigint DEFAULT nextval('crm.activities_id'), deal_id int, kind text, note text,
            at timestamptz DEFAULT now());
        """,
        $"""
        INSERT INTO crm.accounts SELECT i, 'Account ' || i,
            (ARRAY['retail', 'software', 'energy', 'health', 'travel'])[1 + sample.pick(i, 21, 5)],
            1 + sample.pick(i, 22, {Owners}), date '2020-01-01' + sample.pick(i, 23, 2000)
            FROM generate_series(1, {Accounts}) i;
        INSERT INTO crm.contacts SELECT i, 1 + sample.pick(i, 24, {Accounts}), 'Contact ' || i,
            'contact' || i || '@example.com', '+1 555 ' || lpad(sample.pick(i, 25, 10000)::text, 4, '0')
            FROM generate_series(1, {Contacts}) i;
        INSERT INTO crm.deals SELECT i, 1 + sample.pick(i, 26, {Accounts}), 'Deal ' || i,
            (ARRAY['lead', 'offer', 'talks', 'won', 'lost'])[1 + sample.pick(i, 27, 5)],
            10000 + 1000 * sample.pick(i, 28, 5000), 1 + sample.pick(i, 29, {Owners})
            FROM generate_series(1, {Deals}) i;
        INSERT INTO crm.activities SELECT nextval('crm.activities_id'), 1 + sample.pick(i, 30, {Deals}),
            (ARRAY['call', 'mail', 'visit', 'task'])[1 + sample.pick(i, 31, 4)], 'Note ' || i,
            timestamptz '2026-01-01 00:00Z' + i * interval '1 minute'
            FROM generate_series(1, {Activities}) i;
        """,
        """
        ALTER TABLE crm.accounts ADD PRIMARY KEY (id);
        ALTER TABLE crm.contacts ADD PRIMARY KEY (id), ADD FOREIGN KEY (account_id) REFERENCES crm.accounts;
        ALTER TABLE crm.deals ADD PRIMARY KEY (id), ADD FOREIGN KEY (account_id) REFERENCES crm.accounts;
        ALTER TABLE crm.activities ADD PRIMARY KEY (id), ADD FOREIGN KEY (deal_id) REFERENCES crm.deals;
        CREATE INDEX ON crm.contacts (account_id);
        CREATE INDEX ON crm.contacts (email);
        CREATE INDEX ON crm.deals (account_id);
        CREATE INDEX ON crm.deals (owner_id, stage);
        CREATE INDEX ON crm.activities (deal_id, at);
        ANALYZE crm.accounts, crm.contacts, crm.deals, crm.activities;
        """,
        [(30, ShowAccount), (20, FindContact), (20, ListDeals), (15, ShowHistory), (15, LogActivity)]);

    private static SampleRequest ShowAccount(SeededRandom random) => SampleRequest.Of(
        "crm: show an account",
        new SampleStatement(
            "SELECT a.id, a.name, a.industry, a.created, (SELECT count(*) FROM crm.deals d WHERE d.account_id = a.id) "
            + "FROM crm.accounts a WHERE a.id = $1",
            $"{random.PopularId(Accounts)}"));

    private static SampleRequest FindContact(SeededRandom random) => SampleRequest.Of(
        "crm: find a contact",
        new SampleStatement(
            "SELECT c.id, c.name, c.phone, a.name FROM crm.contacts c JOIN crm.accounts a ON a.id = c.account_id "
            + "WHERE c.email = $1",
            $"contact{random.PopularId(Contacts)}@example.com"));

    private static SampleRequest ListDeals(SeededRandom random) => SampleRequest.Of(
        "crm: my open offers",
        new SampleStatement(
            "SELECT d.id, d.title, d.amount_cents, a.name FROM crm.deals d JOIN crm.accounts a ON a.id = d.account_id "
            + "WHERE d.owner_id = $1 AND d.stage = 'offer' ORDER BY d.amount_cents DESC LIMIT 15",
            $"{1 + random.Below(Owners)}"));

    private static SampleRequest ShowHistory(SeededRandom random) => SampleRequest.Of(
        "crm: history of a deal",
        new SampleStatement(
            "SELECT id, kind, note, at FROM crm.activities WHERE deal_id = $1 ORDER BY at DESC LIMIT 10",
            $"{random.PopularId(Deals)}"));

    private static SampleRequest LogActivity(SeededRandom random)
    {
        var deal = $"{random.PopularId(Deals)}";
        return SampleRequest.Of(
            "crm: log a call",
            new SampleStatement(
                "INSERT INTO crm.activities (deal_id, kind, note) VALUES ($1, 'call', $2)", deal, "asked for an offer"),
            new SampleStatement("UPDATE crm.deals SET amount_cents = amount_cents + 100 WHERE id = $1", deal));
    }
}
