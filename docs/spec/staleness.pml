/* Rule 6: how old a hit can be while the stream lags or hangs. PulseBook.CaughtUpAt, step by step; that a hit at
   position P shows all commits up to P is what cache.pml is for.

   -DTICKS=n: how long the clock runs, 4 unless given. -DCOMMITS=n: 3 unless given.
   README.md lists the switches that remove a rule. */

#ifndef TICKS
#define TICKS 4
#endif
#ifndef COMMITS
#define COMMITS 3
#endif
#define MAX_STALENESS 1
#define PROMISE(condition, words) if :: (condition) :: else -> printf(words); assert(false) fi


byte now = MAX_STALENESS;            /* the clock */
byte committed = 0;
byte committed_before[TICKS + 1];    /* how many commits were visible when a tick began */
byte position = 0;

byte caught_up_at = 0;
byte ahead_lsn = 0, ahead_ticks = 0;

active proctype Database() {
end:
  do
  :: d_step { committed < COMMITS -> committed++; printf("commit %d\n", committed) }
  :: d_step {
       now < TICKS -> now++; committed_before[now] = committed; printf("the clock shows %d\n", now)
     }
  od
}

active proctype Stream() {
end:
  do
  :: d_step {
       position < committed -> position++;
       printf("the stream has come to %d\n", position);
       if                            /* PulseBook.Reached */
       :: ahead_lsn != 0 && position >= ahead_lsn ->
          caught_up_at = ahead_ticks; ahead_lsn = 0; ahead_ticks = 0;
          printf("it was caught up at %d\n", caught_up_at)
       :: else
       fi
     }
  od
}

active proctype Pulse() {
  byte begun_at, lsn;
end:
  do
  :: d_step { begun_at = now; printf("a pulse begins\n") }
     lsn = committed;
     d_step {                        /* PulseBook.Finish */
#ifdef TIME_OF_ANSWER
       begun_at = now;
#endif
       printf("the pulse answers: LSN %d\n", lsn);
       if
       :: position >= lsn ->
          caught_up_at = begun_at; ahead_lsn = 0; ahead_ticks = 0;
          printf("it was caught up at %d\n", caught_up_at)
#ifdef LATEST_AHEAD
       :: else -> ahead_ticks = begun_at; ahead_lsn = (ahead_lsn == 0 -> lsn : ahead_lsn)
#else
       :: position < lsn && ahead_lsn == 0 -> ahead_lsn = lsn; ahead_ticks = begun_at
       :: else
#endif
       fi;
       begun_at = 0; lsn = 0
     }
  od
}

#ifdef NO_FAIL_CLOSED
#define IS_CAUGHT_UP true
#else
#define IS_CAUGHT_UP (now - caught_up_at <= MAX_STALENESS)
#endif

active proctype Session() {
end:
  do
  :: d_step {
       IS_CAUGHT_UP && position < committed ->
       printf("a hit at %d shows the commits up to %d; must show those up to %d\n", now, position,
         committed_before[now - MAX_STALENESS]);
       PROMISE(position >= committed_before[now - MAX_STALENESS], "which is older than the limit\n")
     }
  od
}
