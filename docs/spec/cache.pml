/* One node: rules 1 to 4 as Freshness, PulseBook, VersionJudge, Fill and LoopCache follow them. A state
   of the database is a bit mask of commits; commit i has LSN i + 1.

   The default: tables A and B, results of A alone and of A joined with B.
   -DKEYS: one table with two buckets of keys, results by one key and of the whole table; TRUNCATE, changed keys.
   -DSTRICT: the session is strict.
   -DFINE_FILL, -DFINE_HIT: what the stream writes and the query's filler, or the hit, reads without a lock is written
   and read step by step, not at once.
   -DCOMMITS=n: how many commits; 2 unless given, 3 at most.
   README.md lists the switches that remove a rule. */

#ifndef COMMITS
#define COMMITS 2
#endif
#define UPTO(lsn) ((1 << (lsn)) - 1) /* the state made by exactly the commits up to there */
#define PROMISE(condition, words) if :: (condition) :: else -> printf(words); assert(false) fi


#ifdef KEYS
#define CELLS 4
#define ANY 1
#define WHOLE 2
#define KEY0 4
#define KEY1 8
/* What a commit changes: one key, the other, a row from one key to the other, or unknown rows (TRUNCATE). */
#define KINDS change = (ANY | KEY0) :: change = (ANY | KEY1) :: change = (ANY | KEY0 | KEY1) :: change = (ANY | WHOLE)
#define MEANS(query) (query == 0 -> (KEY0 | WHOLE) : ANY)
#ifdef NO_WHOLE
#define READS(query) (query == 0 -> KEY0 : ANY)
#else
#define READS(query) MEANS(query)
#endif
#ifdef NO_OLD_KEY
#define TOUCHED(change) ((change) == (ANY | KEY0 | KEY1) -> (ANY | KEY1) : (change))
#else
#define TOUCHED(change) (change)
#endif
#ifdef NO_SPLIT
#define UNSPLIT(cells) ((cells) & ANY)
#else
#define UNSPLIT(cells) (((cells) & ANY) | WHOLE)
#endif
#else
#define CELLS 2
#define A 1
#define B 2
#define KINDS change = A :: change = B :: change = (A | B)
#define MEANS(query) (query == 0 -> A : (A | B))
#ifdef NO_VECTOR
#define READS(query) A
#else
#define READS(query) MEANS(query)
#endif
#define TOUCHED(change) (change)
#endif

/* ---- the database: a commit is in the log first and visible some time later, in any order */
byte inserted = 0;
byte changes[3];
byte visible = 0;

/* the commits that change what a query returns */
#define RELEVANT(query) \
  ((changes[0] & MEANS(query)) != 0) | (((changes[1] & MEANS(query)) != 0) << 1) \
  | (((changes[2] & MEANS(query)) != 0) << 2)

/* ---- the node */
byte position = 0;                   /* P */
byte version[CELLS];
byte unconfirmed[CELLS];             /* commits that touched the cell and are not known to be visible */
bool writing = false;                /* Freshness's lock */
#ifdef KEYS
bool split = false;                  /* the table's buckets exist */
#endif

/* A ticket: drawn, its pulse has begun, answered. The floor is the LSN of the first pulse begun after it was drawn. */
#define NONE 0
#define DRAWN 1
#define BEGUN 2
#define ANSWERED 3
byte fill_ticket = NONE, fill_floor = 0;
byte floor_ticket = NONE, floor_lsn = 0;

/* the store: one entry for each query */
bool stored[2];
byte entry_version[2], entry_state[2];

byte change;                         /* scratch of atomic steps */

inline insert_commit() {
  if :: KINDS fi;
  d_step { changes[inserted] = change; inserted++; change = 0 }
}

active proctype Database() {
  byte i;
end:
  do
  :: atomic {
       inserted < COMMITS ->
       insert_commit();
       printf("commit %d inserted, changes %d\n", inserted, changes[inserted - 1])
     }
  :: d_step {
       visible != UPTO(inserted) ->
       i = 0;
       do
       :: i < inserted && !(visible & (1 << i)) -> break
       :: i + 1 < inserted -> i++
       od;
       visible = visible | (1 << i);
       printf("commit %d visible\n", i + 1);
       i = 0
     }
  od
}

#ifdef NO_CONFIRM
#define MAY_STORE true
#else
#define MAY_STORE confirmed
#endif

#if defined(FINE_FILL) || defined(FINE_HIT)
#define BEGIN_FINE
#define END_FINE
#else
#define BEGIN_FINE d_step {
#define END_FINE }
#endif

/* Freshness.Commit: under the lock each touched cell counts the commit, then shows its version; then P moves. */
active proctype Stream() {
  byte cell, cells, lsn;
end:
  do
  :: d_step {
       position < inserted && !writing ->
       writing = true;
       lsn = position + 1;
       cells = TOUCHED(changes[position]);
#ifdef KEYS
       if :: !split -> cells = UNSPLIT(cells) :: else fi
#endif
     }
     BEGIN_FINE
#ifdef MOVE_FIRST
     position = lsn;
#endif
     do
     :: cells != 0 ->
        d_step { cell = 0; do :: cells & (1 << cell) -> break :: else -> cell++ od; cells = cells & ~(1 << cell) }
#ifdef COUNT_LAST
        version[cell] = lsn;
        unconfirmed[cell] = unconfirmed[cell] | (1 << (lsn - 1))
#else
        unconfirmed[cell] = unconfirmed[cell] | (1 << (lsn - 1));
        version[cell] = lsn
#endif
     :: else -> break
     od;
     skip;
     d_step { position = lsn; writing = false; printf("the stream has come to %d\n", position); lsn = 0; cell = 0 }
     END_FINE
#ifdef KEYS
  :: d_step {                        /* Freshness.SplitByKey */
       !split && !writing ->
       split = true;
       version[2] = position; version[3] = position;
       printf("the table's keys are followed from now on\n")
     }
#endif
  od
}

active proctype Pulse() {
  byte snapshot, lsn;
end:
  do
  :: d_step {
       fill_ticket == DRAWN || floor_ticket == DRAWN || unconfirmed[0] || unconfirmed[1] ->
       if :: fill_ticket == DRAWN -> fill_ticket = BEGUN :: else fi;
       if :: floor_ticket == DRAWN -> floor_ticket = BEGUN :: else fi;
       snapshot = visible;
       lsn = inserted;
       printf("a pulse begins\n")
     }
     d_step {
       !writing;
       unconfirmed[0] = unconfirmed[0] & ~snapshot;
       unconfirmed[1] = unconfirmed[1] & ~snapshot;
#ifdef KEYS
       unconfirmed[2] = unconfirmed[2] & ~snapshot;
       unconfirmed[3] = unconfirmed[3] & ~snapshot;
#endif
       if :: fill_ticket == BEGUN -> fill_ticket = ANSWERED; fill_floor = lsn :: else fi;
       if :: floor_ticket == BEGUN -> floor_ticket = ANSWERED; floor_lsn = lsn :: else fi;
       printf("the pulse answers: sees commits %d, LSN %d\n", snapshot, lsn);
       snapshot = 0; lsn = 0
     }
  od
}

/* The greatest version of the query's cells, read one by one. */
inline read_versions(query, greatest) {
  greatest = 0;
  cell = 0;
  do
  :: cell < CELLS ->
     d_step {
       if
       :: (READS(query) & (1 << cell)) && version[cell] > greatest -> greatest = version[cell]
       :: else
       fi;
       cell++
     }
  :: else -> break
  od;
  cell = 0
}

inline read_confirmed(query, all) {
  all = true;
  cell = 0;
  do
  :: cell < CELLS ->
     d_step { all = all && (!(READS(query) & (1 << cell)) || unconfirmed[cell] == 0); cell++ }
  :: else -> break
  od;
  cell = 0
}

#ifdef FINE_FILL
#define BEGIN_FILL
#define END_FILL
#else
#define BEGIN_FILL d_step {
#define END_FILL }
#endif

/* Whoever asks for what is not stored. */
active proctype Filler() {
  byte query, stamp, state, now, cell;
  bool confirmed;
end:
  do
  :: atomic {
       if :: query = 0 :: query = 1 fi;
#ifdef KEYS
       split || query == 1
#endif
     }
     BEGIN_FILL
#ifdef CONFIRM_FIRST
     read_confirmed(query, confirmed);
     read_versions(query, stamp);
#else
     read_versions(query, stamp);
     read_confirmed(query, confirmed);
#endif
     END_FILL
     d_step {
       if
       :: MAY_STORE ->
          state = visible & (RELEVANT(query));
          printf("query %d noted version %d and sees commits %d\n", query, stamp, state);
          confirmed = true
       :: else -> query = 0; stamp = 0
       fi
     }
     if
     :: confirmed ->
#ifndef NO_PUBLISH
        fill_ticket = DRAWN;
        d_step { fill_ticket == ANSWERED && position >= fill_floor -> fill_ticket = NONE; fill_floor = 0 }
#endif
        BEGIN_FILL
        read_versions(query, now);
#ifdef NO_RECHECK
        stamp = now;
#endif
        d_step {
          if
          :: now == stamp ->
             stored[query] = true; entry_version[query] = stamp; entry_state[query] = state;
             printf("its result is stored under version %d\n", stamp)
          :: else
          fi;
          query = 0; stamp = 0; state = 0; now = 0; confirmed = false
        }
        END_FILL
     :: else
     fi
  od
}

#ifdef FINE_HIT
#define BEGIN_HIT
#define END_HIT
#else
#define BEGIN_HIT d_step {
#define END_HIT }
#endif
#ifdef NO_COMPARE
#define IS_CURRENT true
#else
#define IS_CURRENT (now == stamp)
#endif
#ifdef NO_FLOOR
#define IS_REACHED true
#else
#define IS_REACHED (floor_ticket == NONE || (floor_ticket == ANSWERED && at >= floor_lsn))
#endif

/* Reads from the cache and past it, and writes. */
active proctype Session() {
  byte seen = 0;                     /* commits that it has seen or made */
  byte query, state, stamp, found, at, now, cell;
end:
  do
  :: atomic {                        /* asks for what is stored */
       if :: stored[0] -> query = 0 :: stored[1] -> query = 1 fi;
       state = entry_state[query]; stamp = entry_version[query];
#ifdef STRICT
       seen = seen | visible;        /* whatever was committed before the request */
#ifndef NO_REQUEST_TICKET
       floor_ticket = DRAWN; floor_lsn = 0;
#endif
#endif
       printf("the session asks for query %d; must see commits %d\n", query, seen & (RELEVANT(query)))
     }
#if defined(STRICT) && !defined(NO_REQUEST_TICKET)
     d_step { floor_ticket == ANSWERED && position >= floor_lsn }
#endif
     BEGIN_HIT
#ifdef POSITION_LAST
     read_versions(query, now);
     at = position;
#else
     at = position;
     read_versions(query, now);
#endif
     d_step {
       if
       :: IS_CURRENT && IS_REACHED ->
          floor_ticket = NONE; floor_lsn = 0;
          found = state & (RELEVANT(query));
          printf("the hit at position %d shows commits %d\n", at, found);
          PROMISE(found == (UPTO(at) & (RELEVANT(query))), "which is not the state at that position\n");
          PROMISE((seen & (RELEVANT(query)) & ~found) == 0, "which lacks what it must see\n");
          seen = seen | found
       :: else
       fi;
       query = 0; state = 0; stamp = 0; found = 0; at = 0; now = 0
     }
     END_HIT
  :: d_step {
       (visible & ~seen) != 0 ->
       seen = seen | visible;
       floor_ticket = DRAWN; floor_lsn = 0;
       printf("the session reads past the cache: sees commits %d\n", seen)
     }
  :: atomic {
       inserted < COMMITS ->
       insert_commit();
       state = inserted;
       printf("the session commits %d, changes %d\n", inserted, changes[inserted - 1])
     }
     d_step {
       visible & (1 << (state - 1)) ->
       seen = seen | (1 << (state - 1));
       floor_ticket = DRAWN; floor_lsn = 0;
       printf("the session is told that %d is done\n", state);
       state = 0
     }
  od
}
