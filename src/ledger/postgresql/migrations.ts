/** One step of the schema, and how old a program may be that still works with it. */
export interface Migration {
  readonly version: number
  /** The least version that a program must know to work with the schema after this step. */
  readonly least: number
  readonly what: string
  readonly sql: string
}

/** What this program was written for. */
export const SCHEMA_VERSION = 4

/** Whoever logs in is a member of one of them. */
export const ROLES = { host: 'hsm_enroll_host', broker: 'hsm_enroll_broker' } as const

/**
 * Forward only, each in a transaction of its own, and each such that programs of the version before go on working while it runs: it adds
 * tables, columns with a default, indexes; it renames and removes nothing. A row once published is never changed.
 *
 * Rights: the owner alone changes the schema. Hosts and brokers add facts, and can neither change nor remove one; a host gives back only
 * claims that were granted to its own login, a broker any. What happened to claims is recorded by the database itself.
 */
export const MIGRATIONS: readonly Migration[] = [
  {
    version: 1,
    least: 1,
    what: 'facts, claims, attempts',
    sql: `
-- What tells this ledger from every other; a copy that is restored has it, too.
CREATE TABLE hsm_enroll.identity (id uuid NOT NULL DEFAULT gen_random_uuid(), single boolean PRIMARY KEY DEFAULT true CHECK (single));
INSERT INTO hsm_enroll.identity DEFAULT VALUES;

CREATE TABLE hsm_enroll.attempt (
  value uuid PRIMARY KEY,
  -- Nobody knew whether it took place, and it was settled that it never will.
  void boolean NOT NULL DEFAULT false,
  time timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE TABLE hsm_enroll.fact (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text COLLATE "C" NOT NULL CHECK (octet_length(kind) <= 40),
  subject text COLLATE "C" NOT NULL CHECK (octet_length(subject) <= 2000),
  run text COLLATE "C" NOT NULL CHECK (octet_length(run) <= 200),
  entry text COLLATE "C" CHECK (octet_length(entry) <= 200),
  -- json, not jsonb: the text as it was written, whatever characters a CA put into a name.
  body json NOT NULL CHECK (octet_length(body::text) <= 16384),
  -- Of a fact that was imported: what its first ledger said.
  said_at timestamptz,
  imported text COLLATE "C" UNIQUE CHECK (octet_length(imported) <= 200),
  time timestamptz NOT NULL DEFAULT clock_timestamp(),
  recorded_by text NOT NULL DEFAULT session_user
);
CREATE INDEX fact_by_subject ON hsm_enroll.fact (kind, subject, id);
-- What one entry of a journal says of a subject is said once.
CREATE UNIQUE INDEX fact_once ON hsm_enroll.fact (run, entry, kind, subject) WHERE entry IS NOT NULL;
CREATE INDEX fact_by_run ON hsm_enroll.fact (run, id);

CREATE SEQUENCE hsm_enroll.fence;
CREATE TABLE hsm_enroll.claim (
  name text COLLATE "C" PRIMARY KEY CHECK (octet_length(name) <= 2000),
  run text COLLATE "C" NOT NULL CHECK (octet_length(run) <= 200),
  intent text COLLATE "C" NOT NULL CHECK (octet_length(intent) <= 200),
  fence bigint NOT NULL DEFAULT nextval('hsm_enroll.fence'),
  time timestamptz NOT NULL DEFAULT clock_timestamp(),
  granted_to text NOT NULL DEFAULT session_user
);
CREATE TABLE hsm_enroll.claim_event (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event text NOT NULL,
  name text NOT NULL,
  run text NOT NULL,
  intent text NOT NULL,
  fence bigint NOT NULL,
  time timestamptz NOT NULL DEFAULT clock_timestamp(),
  by_login text NOT NULL DEFAULT session_user
);
CREATE FUNCTION hsm_enroll.note_claim() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    INSERT INTO hsm_enroll.claim_event (event, name, run, intent, fence)
      VALUES ('granted', NEW.name, NEW.run, NEW.intent, NEW.fence);
  ELSE
    INSERT INTO hsm_enroll.claim_event (event, name, run, intent, fence)
      VALUES ('given-back', OLD.name, OLD.run, OLD.intent, OLD.fence);
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER note_claim AFTER INSERT OR DELETE ON hsm_enroll.claim
  FOR EACH ROW EXECUTE FUNCTION hsm_enroll.note_claim();

ALTER TABLE hsm_enroll.claim ENABLE ROW LEVEL SECURITY;
CREATE POLICY claims_are_seen ON hsm_enroll.claim FOR SELECT USING (true);
CREATE POLICY claims_are_taken ON hsm_enroll.claim FOR INSERT WITH CHECK (granted_to = session_user);
CREATE POLICY claims_are_given_back ON hsm_enroll.claim FOR DELETE
  USING (granted_to = session_user OR pg_has_role(session_user, 'hsm_enroll_broker', 'MEMBER'));

GRANT USAGE ON SCHEMA hsm_enroll TO hsm_enroll_host, hsm_enroll_broker;
GRANT SELECT ON hsm_enroll.schema_version, hsm_enroll.identity TO hsm_enroll_host, hsm_enroll_broker;
GRANT SELECT, INSERT (value, void) ON hsm_enroll.attempt TO hsm_enroll_host, hsm_enroll_broker;
GRANT SELECT, INSERT (kind, subject, run, entry, body, said_at, imported) ON hsm_enroll.fact
  TO hsm_enroll_host, hsm_enroll_broker;
GRANT SELECT, DELETE, INSERT (name, run, intent) ON hsm_enroll.claim TO hsm_enroll_host, hsm_enroll_broker;
GRANT USAGE ON SEQUENCE hsm_enroll.fence TO hsm_enroll_host, hsm_enroll_broker;
GRANT SELECT ON hsm_enroll.claim_event TO hsm_enroll_host, hsm_enroll_broker;
`,
  },
  {
    version: 2,
    least: 1,
    what: 'the schedule of questions to the CA',
    sql: `
CREATE TABLE hsm_enroll.question (
  account text COLLATE "C" NOT NULL CHECK (octet_length(account) <= 500),
  order_number text COLLATE "C" NOT NULL CHECK (octet_length(order_number) <= 100),
  asked_at timestamptz NOT NULL,
  PRIMARY KEY (account, order_number)
);
GRANT SELECT, INSERT, UPDATE (asked_at) ON hsm_enroll.question TO hsm_enroll_host, hsm_enroll_broker;
`,
  },
  {
    version: 3,
    least: 1,
    what: 'limits of an account, and what each intent may cost',
    sql: `
-- Of an order, beside the text that nothing here reads: a CA may write anything into it.
ALTER TABLE hsm_enroll.fact
  ADD COLUMN status text COLLATE "C", ADD COLUMN endpoint text COLLATE "C", ADD COLUMN amount numeric(14, 2),
  -- Said afterwards, of what has happened: no limit can prevent it any more.
  ADD COLUMN past boolean NOT NULL DEFAULT false;
CREATE TABLE hsm_enroll.account (
  endpoint text COLLATE "C" PRIMARY KEY CHECK (octet_length(endpoint) <= 500),
  orders_per_day integer CHECK (orders_per_day >= 0),
  orders_per_month integer CHECK (orders_per_month >= 0),
  amount_per_day numeric(14, 2) CHECK (amount_per_day >= 0),
  amount_per_month numeric(14, 2) CHECK (amount_per_month >= 0),
  -- What an order counts as until the CA has said what it costs.
  assumed_price numeric(14, 2) CHECK (assumed_price >= 0)
);
CREATE TABLE hsm_enroll.reservation (
  fence bigint PRIMARY KEY DEFAULT nextval('hsm_enroll.fence'),
  endpoint text COLLATE "C" NOT NULL,
  run text COLLATE "C" NOT NULL,
  intent text COLLATE "C" NOT NULL,
  expected numeric(14, 2),
  charged numeric(14, 2),
  -- open: nobody knows yet, or ever, whether it was ordered. none: it was not.
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'ordered', 'none')),
  time timestamptz NOT NULL,
  settled_at timestamptz,
  UNIQUE (run, intent)
);
CREATE INDEX reservation_by_time ON hsm_enroll.reservation (endpoint, time);

CREATE FUNCTION hsm_enroll.reserve() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  limits hsm_enroll.account;
  used record;
  today timestamptz := date_trunc('day', clock_timestamp(), 'UTC');
  month timestamptz := date_trunc('month', clock_timestamp(), 'UTC');
BEGIN
  IF NEW.status = 'intended' THEN
    -- Whoever intends an order for this account waits here until the one before has committed.
    SELECT * INTO limits FROM hsm_enroll.account WHERE endpoint = NEW.endpoint FOR UPDATE;
    -- The items of one order share an intent.
    IF EXISTS (SELECT FROM hsm_enroll.reservation WHERE run = NEW.run AND intent = NEW.entry) THEN RETURN NULL; END IF;
    IF limits.endpoint IS NOT NULL AND NOT NEW.past AND NEW.imported IS NULL THEN
      SELECT count(*) AS month_orders, count(*) FILTER (WHERE time >= today) AS day_orders,
        coalesce(sum(coalesce(charged, expected)), 0) AS month_amount,
        coalesce(sum(coalesce(charged, expected)) FILTER (WHERE time >= today), 0) AS day_amount
        INTO used FROM hsm_enroll.reservation WHERE endpoint = NEW.endpoint AND state <> 'none' AND time >= month;
      IF used.day_orders >= limits.orders_per_day THEN
        RAISE EXCEPTION '% orders a day', limits.orders_per_day USING ERRCODE = 'HE001';
      ELSIF used.month_orders >= limits.orders_per_month THEN
        RAISE EXCEPTION '% orders a month', limits.orders_per_month USING ERRCODE = 'HE001';
      ELSIF limits.assumed_price IS NULL AND coalesce(limits.amount_per_day, limits.amount_per_month) IS NOT NULL THEN
        RAISE EXCEPTION 'an amount, and no assumed price' USING ERRCODE = 'HE001';
      ELSIF used.day_amount + limits.assumed_price > limits.amount_per_day THEN
        RAISE EXCEPTION '% a day', limits.amount_per_day USING ERRCODE = 'HE001';
      ELSIF used.month_amount + limits.assumed_price > limits.amount_per_month THEN
        RAISE EXCEPTION '% a month', limits.amount_per_month USING ERRCODE = 'HE001';
      END IF;
    END IF;
    INSERT INTO hsm_enroll.reservation (endpoint, run, intent, expected, time)
      VALUES (NEW.endpoint, NEW.run, NEW.entry, limits.assumed_price, coalesce(NEW.said_at, NEW.time));
  ELSIF NEW.status = 'ordered' THEN
    UPDATE hsm_enroll.reservation SET state = 'ordered', charged = NEW.amount, settled_at = clock_timestamp()
      WHERE run = NEW.run AND state = 'open';
  ELSE
    UPDATE hsm_enroll.reservation SET state = 'none', settled_at = clock_timestamp()
      WHERE run = NEW.run AND state = 'open';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER reserve AFTER INSERT ON hsm_enroll.fact FOR EACH ROW
  WHEN (NEW.kind = 'order' AND NEW.entry IS NOT NULL AND NEW.endpoint IS NOT NULL
    AND NEW.status IN ('intended', 'ordered', 'rejected', 'not-sent', 'not-placed'))
  EXECUTE FUNCTION hsm_enroll.reserve();

GRANT INSERT (status, endpoint, amount, past) ON hsm_enroll.fact TO hsm_enroll_host, hsm_enroll_broker;
GRANT SELECT ON hsm_enroll.account, hsm_enroll.reservation TO hsm_enroll_host, hsm_enroll_broker;
`,
  },
  {
    version: 4,
    least: 1,
    what: 'what a broker alone says',
    sql: `
-- Who was approved, by whom, for which host: with these a host could approve its own order.
CREATE POLICY claims_of_brokers ON hsm_enroll.claim AS RESTRICTIVE FOR INSERT
  WITH CHECK (name !~ '^(decision|known|owner|spent)-' OR pg_has_role(session_user, 'hsm_enroll_broker', 'MEMBER'));
CREATE FUNCTION hsm_enroll.refuse_fact_of_broker() RETURNS trigger LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF pg_has_role(session_user, 'hsm_enroll_broker', 'MEMBER') THEN RETURN NEW; END IF;
  RAISE EXCEPTION 'only a broker records what is of kind %', NEW.kind USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER facts_of_brokers BEFORE INSERT ON hsm_enroll.fact FOR EACH ROW
  WHEN (NEW.kind IN ('host', 'request', 'delivery', 'price'))
  EXECUTE FUNCTION hsm_enroll.refuse_fact_of_broker();
`,
  },
]
