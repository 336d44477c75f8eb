/* The schema version: a view that reads table A is replaced by one that reads table B. What a query depends on is told
   by the definitions that were read (CatalogSnapshot), not by those it ran with. SchemaWatch, DatabaseWatch,
   StatementBook, CacheGate; the stream and the pulse are at once here.

   Unless -DSTREAMED a client of this proxy changes the definition (ClientCache.OnReady); with it somebody else does,
   and an event trigger tells it in the stream, before it is visible (FeedSession.OnCommit).
   -DWRITES=n: writes to the tables, 2 unless given.
   README.md lists the switches that remove a rule. */

#ifndef WRITES
#define WRITES 2
#endif
#define A 0
#define B 1

#define PROMISE(condition, words) if :: (condition) :: else -> printf(words); assert(false) fi

/* ---- the database */
byte reads = A;                      /* the table that the view reads */
byte rows[2];
byte writes = 0;

/* ---- the node */
byte schema = 0;
byte version[2];
byte catalog_reads = A, catalog_schema = 0;
bool is_settled = false;             /* the change is done, and who made it is told so */

bool stored = false;
byte entry_schema, entry_version, entry_depends, entry_reads, entry_rows;

active proctype Writer() {
  byte table;
end:
  do
  :: atomic {
       writes < WRITES ->
       if :: table = A :: table = B fi;
       d_step {
         writes++; rows[table]++; version[table]++;
         printf("table %d is written: %d\n", table, rows[table]);
         table = A
       }
     }
  od
}

active proctype Definer() {
#ifdef STREAMED
  d_step { schema++; printf("the change is streamed, schema version %d\n", schema) }
  d_step { reads = B; printf("the change is visible: the view reads table 1\n") }
#ifndef ONCE
  d_step { schema++; printf("the change was seen, schema version %d\n", schema) }
#endif
  is_settled = true
#else
  d_step { reads = B; printf("the change is visible: the view reads table 1\n") }
#ifdef TOLD_FIRST
  d_step { is_settled = true; printf("the client is told that it is done\n") }
  d_step { schema++; printf("schema version %d\n", schema) }
#else
  d_step { schema++; printf("schema version %d\n", schema) }
  d_step { is_settled = true; printf("the client is told that it is done\n") }
#endif
#endif
}

/* DatabaseWatch.FollowAsync: the version first. */
active proctype Watch() {
  byte read_schema, read_reads;
end:
  do
  :: schema != catalog_schema ->
#ifdef CATALOG_FIRST
     read_reads = reads;
     read_schema = schema;
#else
     read_schema = schema;
     read_reads = reads;
#endif
     d_step {
       catalog_schema = read_schema; catalog_reads = read_reads;
       printf("the definitions of version %d are known: the view reads table %d\n", catalog_schema, catalog_reads);
       read_schema = 0; read_reads = A
     }
  od
}

#ifdef NO_STATEMENT_SCHEMA
#define MAY_STORE true
#else
#define MAY_STORE (statement_schema == stamp_schema)
#endif

active proctype Filler() {
  byte statement_schema, depends, stamp_schema, stamp, ran_reads, ran_rows;
end:
  do
  :: d_step { statement_schema = catalog_schema; depends = catalog_reads }  /* analysed, maybe long ago */
     d_step { stamp_schema = schema; stamp = version[depends] }
     if
     :: MAY_STORE ->
        d_step {
          ran_reads = reads; ran_rows = rows[reads];
          printf("a query noted table %d, schema version %d, and reads table %d: %d\n",
            depends, stamp_schema, ran_reads, ran_rows)
        }
        d_step {
          if
          :: version[depends] == stamp && schema == stamp_schema ->
             stored = true; entry_schema = stamp_schema; entry_version = stamp; entry_depends = depends;
             entry_reads = ran_reads; entry_rows = ran_rows;
             printf("its result is stored\n")
          :: else
          fi;
          statement_schema = 0; depends = A; stamp_schema = 0; stamp = 0; ran_reads = A; ran_rows = 0
        }
     :: else -> d_step { statement_schema = 0; depends = A; stamp_schema = 0; stamp = 0 }
     fi
  od
}

#ifdef NO_SCHEMA
#define IS_CURRENT (entry_version == version[entry_depends])
#else
#define IS_CURRENT (entry_version == version[entry_depends] && entry_schema == schema)
#endif

active proctype Session() {
end:
  do
  :: d_step {
       stored && IS_CURRENT && (is_settled || reads == A) ->
       printf("a hit shows %d of table %d; the view reads table %d, which has %d\n",
         entry_rows, entry_reads, reads, rows[reads]);
       PROMISE(entry_reads == reads, "which is what the old definition gave\n");
       PROMISE(entry_rows == rows[reads], "which is not the state of that table\n")
     }
  od
}
