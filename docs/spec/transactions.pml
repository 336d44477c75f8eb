/* Rule 5: in a transaction nothing is served and nothing is stored. One table, one query; the stream and the pulse are
   at once here, so that only the transaction is in question. A state is a bit mask of commits; each of the two sessions
   writes once.

   README.md lists the switches that remove a rule. */

#define PROMISE(condition, words) if :: (condition) :: else -> printf(words); assert(false) fi

byte committed = 0;                  /* and streamed, confirmed */
byte version = 0;

bool stored = false;
byte entry_version, entry_state;

#ifdef SERVE_INSIDE
#define MAY_SERVE true
#else
#define MAY_SERVE (!inside)
#endif
#ifdef STORE_INSIDE
#define MAY_STORE true
#else
#define MAY_STORE (!inside)
#endif

active [2] proctype Session() {
  byte seen = 0, snapshot = 0, mine = 1 << _pid;
  bool inside = false, wrote = false, done = false;
end:
  do
  :: d_step {
       !inside && !done -> inside = true; snapshot = committed;
       printf("session %d begins a repeatable read: its snapshot has commits %d\n", _pid, snapshot)
     }
  :: d_step { inside && !wrote -> wrote = true; printf("session %d writes commit %d\n", _pid, mine) }
  :: d_step {
       inside ->
       if
       :: wrote -> committed = committed | mine; version++; seen = seen | mine;
          printf("session %d commits\n", _pid)
       :: else -> printf("session %d ends its transaction\n", _pid)
       fi;
       inside = false; done = true; wrote = false; seen = seen | snapshot; snapshot = 0
     }
  :: d_step {                        /* a hit */
       stored && entry_version == version && MAY_SERVE ->
       printf("a hit of session %d shows commits %d; committed are %d\n", _pid, entry_state, committed);
       PROMISE((entry_state & ~committed) == 0, "which shows what is not committed\n");
       PROMISE((seen & ~entry_state) == 0, "which lacks what it has seen\n");
       PROMISE(!wrote || (entry_state & mine), "which lacks its own write\n");
       PROMISE(!inside || (entry_state & ~mine) == (snapshot & ~mine), "which is not what its snapshot shows\n");
       seen = seen | entry_state
     }
  :: d_step {                        /* a miss: its result is stored */
       MAY_STORE ->
       entry_state = (inside -> snapshot | (wrote -> mine : 0) : committed);
       stored = true; entry_version = version;
       printf("session %d has a result stored that shows commits %d\n", _pid, entry_state)
     }
  od
}
