import GRDB

/// The tables of the run store. A migration that was released never changes; add another.
enum RunTables {
    static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("runs-1") { database in
            try database.execute(sql: first)
        }
        migrator.registerMigration("runs-clock") { database in
            try database.execute(sql: clock)
        }
        migrator.registerMigration("runs-deliveries") { database in
            try database.execute(sql: "ALTER TABLE steps ADD COLUMN deliveries INTEGER NOT NULL DEFAULT 0")
        }
        migrator.registerMigration("runs-attempts") { database in
            try database.execute(sql: attempts)
        }
        return migrator
    }

    /// By how much the calendar is ahead of the time that leases, timers and deadlines are counted in, in microseconds.
    private static let clock = """
        CREATE TABLE run_clock (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            skew INTEGER NOT NULL
        ) STRICT;
        INSERT INTO run_clock (id, skew) VALUES (1, 0);
        """

    /// Who submitted a run, and a log for each attempt.
    private static let attempts = """
        ALTER TABLE runs ADD COLUMN submitter TEXT NOT NULL DEFAULT '';

        CREATE TABLE attempt_logs (
            key INTEGER NOT NULL,
            attempt INTEGER NOT NULL,
            runner TEXT NOT NULL,
            finished_at INTEGER NOT NULL,
            failure_reason TEXT,
            failure_message TEXT,
            exit_code INTEGER,
            log BLOB,
            log_end INTEGER NOT NULL,
            PRIMARY KEY (key, attempt)
        ) STRICT;
        INSERT INTO attempt_logs
            SELECT steps.key, max(steps.attempts, 1), steps.runner, coalesce(steps.finished_at, 0),
                steps.failure_reason, steps.failure_message, steps.exit_code, step_logs.log, length(step_logs.log)
            FROM step_logs JOIN steps ON steps.key = step_logs.key;
        DROP TABLE step_logs;
        """

    /// Times are microseconds since 1970. Steps and jobs have the run's id and the step's place in one number, so that
    /// all of a run lie together.
    private static let first = """
        CREATE TABLE run_sequence (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            value INTEGER NOT NULL
        ) STRICT;
        INSERT INTO run_sequence (id, value) VALUES (1, 0);

        CREATE TABLE workflow_revisions (
            hash TEXT NOT NULL PRIMARY KEY,
            spec BLOB NOT NULL
        ) STRICT;

        CREATE TABLE runs (
            id INTEGER PRIMARY KEY,
            uid TEXT NOT NULL,
            namespace TEXT NOT NULL,
            name TEXT NOT NULL,
            resource_version INTEGER NOT NULL,
            workflow TEXT NOT NULL,
            revision TEXT NOT NULL,
            priority INTEGER NOT NULL,
            params BLOB,
            labels BLOB,
            metadata BLOB,
            phase INTEGER NOT NULL CHECK (phase BETWEEN 0 AND 5),
            stop INTEGER NOT NULL CHECK (stop BETWEEN 0 AND 2),
            reason TEXT NOT NULL,
            message TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            started_at INTEGER,
            finished_at INTEGER,
            deadline INTEGER,
            idempotency_key TEXT,
            CHECK ((phase >= 3) = (finished_at IS NOT NULL))
        ) STRICT;
        CREATE UNIQUE INDEX runs_name ON runs (namespace, name);
        CREATE UNIQUE INDEX runs_idempotency ON runs (namespace, workflow, idempotency_key)
            WHERE idempotency_key IS NOT NULL;
        CREATE INDEX runs_active ON runs (id) WHERE finished_at IS NULL;
        CREATE INDEX runs_deadline ON runs (deadline) WHERE deadline IS NOT NULL AND finished_at IS NULL;
        CREATE INDEX runs_finished ON runs (finished_at) WHERE finished_at IS NOT NULL;

        CREATE TABLE steps (
            key INTEGER PRIMARY KEY,
            id TEXT NOT NULL,
            phase INTEGER NOT NULL CHECK (phase BETWEEN 0 AND 6),
            attempts INTEGER NOT NULL,
            forgiven_attempts INTEGER NOT NULL,
            accepted_token INTEGER NOT NULL,
            runner TEXT NOT NULL,
            started_at INTEGER,
            finished_at INTEGER,
            output BLOB,
            failure_reason TEXT,
            failure_message TEXT,
            exit_code INTEGER,
            metrics BLOB
        ) STRICT;

        CREATE TABLE step_logs (
            key INTEGER PRIMARY KEY,
            log BLOB NOT NULL
        ) STRICT;

        CREATE TABLE queues (
            id INTEGER PRIMARY KEY,
            namespace TEXT NOT NULL,
            pool TEXT NOT NULL,
            UNIQUE (namespace, pool)
        ) STRICT;

        CREATE TABLE jobs (
            key INTEGER PRIMARY KEY,
            attempt INTEGER NOT NULL,
            queue INTEGER NOT NULL,
            express INTEGER NOT NULL,
            enqueued_at INTEGER NOT NULL,
            ready_at INTEGER NOT NULL,
            deliveries INTEGER NOT NULL,
            timeout INTEGER,
            token INTEGER,
            runner TEXT,
            leased_at INTEGER,
            expires_at INTEGER,
            cancel INTEGER NOT NULL,
            payload BLOB
        ) STRICT;
        CREATE INDEX jobs_waiting ON jobs (queue, express, ready_at, key) WHERE token IS NULL;
        CREATE INDEX jobs_leased ON jobs (expires_at, key) WHERE token IS NOT NULL;

        CREATE TABLE dead_letters (
            key INTEGER PRIMARY KEY,
            attempt INTEGER NOT NULL,
            queue INTEGER NOT NULL,
            express INTEGER NOT NULL,
            enqueued_at INTEGER NOT NULL,
            ready_at INTEGER NOT NULL,
            deliveries INTEGER NOT NULL,
            timeout INTEGER,
            payload BLOB,
            reason TEXT NOT NULL,
            died_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX dead_letters_queue ON dead_letters (queue, died_at, key);
        """
}
