/* Rules 7 and 8: one table, one query, a stream that is lost and begun again, and one failover to a standby that lacks
   the last commits. Freshness, PulseBook and FeedSession, with rules 1 to 4 in one step each.

   A slot is a place in the log, and the transaction's number with it: after the failover the same slots are written
   again with other commits. A state is a bit mask of commits: of slot i, commit i on the first timeline, and
   COMMITS + i on the second one where that has a commit of its own.

   -DCOMMITS=n: slots, 2 unless given. -DBREAKS=n: how often the stream is lost, 1 unless given.
   README.md lists the switches that remove a rule. */

#ifndef COMMITS
#define COMMITS 2
#endif
#ifndef BREAKS
#define BREAKS 1
#endif
#define UPTO(lsn) ((1 << (lsn)) - 1)
#define PROMISE(condition, words) if :: (condition) :: else -> printf(words); assert(false) fi


/* ---- the database */
byte inserted = 0, visible = 0;
byte timeline = 0, fork = 0;
#define COMMITS_OF(slots) \
  (timeline == 0 -> (slots) : (((slots) & UPTO(fork)) | (((slots) & ~UPTO(fork)) << COMMITS)))
#define LOST (timeline == 0 -> 0 : (UPTO(COMMITS) & ~UPTO(fork)))

/* ---- the node */
#define BROKEN 0
#define OPEN 1
#define LIVE 2
byte phase = BROKEN, epoch = 0;
byte connected = 0;                  /* the timeline that the stream and the pulse speak to */
byte start = 0, position = 0, version = 0;
byte pending = 0;                    /* slots streamed and not known to be visible */
byte gate = 0;                       /* what ran when the stream began */
bool has_gate = false;
byte breaks = 0;

#define NONE 0
#define DRAWN 1
#define BEGUN 2
#define ANSWERED 3
byte fill_ticket = NONE, fill_floor = 0;
byte floor_ticket = NONE, floor_lsn = 0;

bool stored = false;
byte entry_version, entry_epoch, entry_state;

/* Rule 8: as soon as the address leads to the new primary, nothing that the old one answers counts. */
#ifdef OLD_PRIMARY_ANSWERS
#define REACHES true
#else
#define REACHES (connected == timeline)
#endif

active proctype Database() {
  byte i;
end:
  do
  :: d_step {
       inserted < COMMITS -> inserted++;
       printf("commit %d inserted on timeline %d\n", inserted, timeline)
     }
  :: d_step {
       visible != UPTO(inserted) ->
       i = 0;
       do :: visible & (1 << i) -> i++ :: else -> break od;
       visible = visible | (1 << i);
       printf("commit %d visible\n", i + 1);
       i = 0
     }
  :: atomic {
       timeline == 0 && inserted > 0 ->
       i = 0;
       do :: i + 1 < inserted -> i++ :: break od;
       d_step {
         fork = i; inserted = i; visible = UPTO(i); timeline = 1;
         printf("a standby takes over that has the commits up to %d\n", fork);
         i = 0
       }
     }
  od
}

active proctype Feed() {
end:
  do
  :: phase == BROKEN ->
     d_step { start = inserted; connected = timeline; printf("a slot is made at %d\n", start) }
     d_step {                        /* Freshness.Open */
       phase = OPEN;
       epoch++;
       position = start;
#ifndef NO_RESET
       version = start;
#endif
       has_gate = false;
#ifdef NO_GATE
       phase = LIVE
#endif
     }
  :: d_step {                        /* FeedSession.WaitForRunning */
       phase == OPEN && !has_gate && connected == timeline ->
       gate = UPTO(inserted) & ~visible; has_gate = true;
       printf("until it is live, commits %d must be visible\n", gate)
     }
  :: d_step {                        /* Freshness.Commit */
       phase != BROKEN && connected == timeline && position < inserted ->
       pending = pending | (1 << position);
       position++;
       version = position;
       printf("the stream has come to %d\n", position)
     }
  :: d_step {                        /* Freshness.Break */
       phase != BROKEN && breaks < BREAKS ->
       phase = BROKEN; breaks++; epoch++;
       pending = 0; has_gate = false; gate = 0;
       if :: fill_ticket != NONE -> fill_ticket = DRAWN; fill_floor = 0 :: else fi;
       if :: floor_ticket != NONE -> floor_ticket = DRAWN; floor_lsn = 0 :: else fi;
       printf("the stream is lost\n")
     }
  od
}

active proctype Pulse() {
  byte snapshot, lsn, begun_in;
end:
  do
  :: d_step {
       phase != BROKEN && REACHES &&
       (fill_ticket == DRAWN || floor_ticket == DRAWN || pending != 0 || has_gate) ->
       if :: fill_ticket == DRAWN -> fill_ticket = BEGUN :: else fi;
       if :: floor_ticket == DRAWN -> floor_ticket = BEGUN :: else fi;
       begun_in = epoch;
#ifdef OLD_PRIMARY_ANSWERS
       snapshot = (connected == timeline -> visible : UPTO(position));
       lsn = (connected == timeline -> inserted : position);
#else
       snapshot = visible;
       lsn = inserted;
#endif
       printf("a pulse begins\n")
     }
     d_step {                        /* it may come late: then another epoch has begun */
       if
#ifdef NO_PULSE_EPOCH
       :: phase != BROKEN ->
#else
       :: phase != BROKEN && begun_in == epoch ->
#endif
          pending = pending & ~snapshot;
          if
          :: begun_in == epoch ->
             if :: fill_ticket == BEGUN -> fill_ticket = ANSWERED; fill_floor = lsn :: else fi;
             if :: floor_ticket == BEGUN -> floor_ticket = ANSWERED; floor_lsn = lsn :: else fi
          :: else
          fi;
          if
          :: phase == OPEN && has_gate && (gate & ~snapshot) == 0 ->
             phase = LIVE; has_gate = false; gate = 0;
             printf("the pulse answers: sees commits %d, LSN %d; the stream is live\n", snapshot, lsn)
          :: else -> printf("the pulse answers: sees commits %d, LSN %d\n", snapshot, lsn)
          fi
       :: else -> printf("the pulse answers too late\n")
       fi;
       snapshot = 0; lsn = 0; begun_in = 0
     }
  od
}

active proctype Filler() {
  byte stamp, stamp_epoch, state;
end:
  do
  :: d_step {
       phase == LIVE && pending == 0 ->
       stamp = version; stamp_epoch = epoch;
       printf("a query notes version %d\n", stamp)
     }
     d_step { state = COMMITS_OF(visible); printf("it sees commits %d\n", state) }
     fill_ticket = DRAWN;
     d_step {
       stamp_epoch != epoch || stamp != version || (fill_ticket == ANSWERED && position >= fill_floor) ->
       if
       :: stamp_epoch == epoch && stamp == version ->
          stored = true; entry_version = stamp; entry_epoch = epoch; entry_state = state;
          printf("its result is stored under version %d\n", stamp)
       :: else
       fi;
       fill_ticket = NONE; fill_floor = 0;
       stamp = 0; stamp_epoch = 0; state = 0
     }
  od
}

#ifdef NO_EPOCH
#define IS_OF_EPOCH (phase == LIVE)
#else
#define IS_OF_EPOCH (phase == LIVE && entry_epoch == epoch)
#endif

active proctype Session() {
  byte seen = 0;                     /* commits that it has seen or made */
end:
  do
  :: d_step {
       stored && IS_OF_EPOCH && entry_version == version &&
       (floor_ticket == NONE || (floor_ticket == ANSWERED && position >= floor_lsn)) ->
       floor_ticket = NONE; floor_lsn = 0;
       printf("a hit at position %d shows commits %d; must show %d\n", position, entry_state, seen & ~LOST);
       PROMISE(connected != timeline || entry_state == COMMITS_OF(UPTO(position)),
         "which is not the state at that position\n");
       PROMISE((seen & ~LOST & ~entry_state) == 0, "which lacks what it must see\n");
       seen = seen | entry_state
     }
  :: d_step {
       (COMMITS_OF(visible) & ~seen) != 0 ->
       seen = seen | COMMITS_OF(visible);
       floor_ticket = DRAWN; floor_lsn = 0;
       printf("the session reads past the cache, or writes: has seen commits %d\n", seen)
     }
  od
}
