/** One step of the schema, and how old a program may be that still works with it. */
export interface Migration {
  readonly version: number
  /** The least version that a program must know to work with the schema after this step. */
  readonly least: number
  readonly what: string
  readonly sql: string
}

/** What this program was written for. */
export const SCHEMA_VERSION = 2

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
]
