/* What is designed and not built yet: a session that moves between two nodes with its floor as a token, and results
   that are filled from a standby (rule 5 of the design: only when it has replayed up to the version noted). One table,
   one query; rules 1 to 4 in one step each, on each node.

   -DCOMMITS=n: 2 unless given. README.md lists the switches that remove a rule. */

#ifndef COMMITS
#define COMMITS 2
#endif
#define UPTO(lsn) ((1 << (lsn)) - 1)
#define PROMISE(condition, words) if :: (condition) :: else -> printf(words); assert(false) fi

#define GREATER(one, other) ((one) > (other) -> (one) : (other))

/* ---- the primary and its standby, which shows what it has replayed, visible on the primary or not */
byte inserted = 0, visible = 0, replayed = 0;

/* ---- the nodes */
byte position[2], version[2];
byte pending[2];

#define NONE 0
#define DRAWN 1
#define BEGUN 2
#define ANSWERED 3
byte fill_ticket[2], fill_floor[2];

/* the session's, on the node where it is */
byte node = 0;
byte floor_ticket = NONE, floor_lsn = 0;

bool stored[2];
byte entry_version[2], entry_state[2];

active proctype Database() {
  byte i;
end:
  do
  :: d_step { inserted < COMMITS -> inserted++; printf("commit %d inserted\n", inserted) }
  :: d_step {
       visible != UPTO(inserted) ->
       i = 0;
       do :: visible & (1 << i) -> i++ :: else -> break od;
       visible = visible | (1 << i);
       printf("commit %d visible on the primary\n", i + 1);
       i = 0
     }
  :: d_step { replayed < inserted -> replayed++; printf("the standby has replayed %d\n", replayed) }
  od
}

active [2] proctype Node() {
  byte self = _pid - 1;
  byte snapshot, lsn;
  bool asking;
end:
  do
  :: d_step {
       position[self] < inserted ->
       pending[self] = pending[self] | (1 << position[self]);
       position[self]++;
       version[self] = position[self];
       printf("the stream of node %d has come to %d\n", self, position[self])
     }
  :: d_step {
       !asking && (fill_ticket[self] == DRAWN || (node == self && floor_ticket == DRAWN) || pending[self] != 0) ->
       if :: fill_ticket[self] == DRAWN -> fill_ticket[self] = BEGUN :: else fi;
       if :: node == self && floor_ticket == DRAWN -> floor_ticket = BEGUN :: else fi;
       asking = true; snapshot = visible; lsn = inserted;
       printf("a pulse of node %d begins\n", self)
     }
  :: d_step {
       asking ->
       pending[self] = pending[self] & ~snapshot;
       if :: fill_ticket[self] == BEGUN -> fill_ticket[self] = ANSWERED; fill_floor[self] = lsn :: else fi;
       if :: node == self && floor_ticket == BEGUN -> floor_ticket = ANSWERED; floor_lsn = lsn :: else fi;
       printf("the pulse of node %d answers: sees commits %d, LSN %d\n", self, snapshot, lsn);
       asking = false; snapshot = 0; lsn = 0
     }
  od
}

#ifdef NO_CONFIRM
#define MAY_STORE true
#else
#define MAY_STORE (pending[on] == 0)
#endif
#ifdef NO_REPLAY
#define HAS_REPLAYED true
#else
#define HAS_REPLAYED (replayed >= stamp)
#endif

active proctype Filler() {
  byte on, stamp, state;
end:
  do
  :: atomic {
       if :: on = 0 :: on = 1 fi;
       MAY_STORE ->
       stamp = version[on];
       printf("a query on node %d notes version %d\n", on, stamp)
     }
     if
     :: d_step { state = visible; printf("the primary shows it commits %d\n", state) }
     :: d_step { HAS_REPLAYED -> state = UPTO(replayed); printf("the standby shows it commits %d\n", state) }
     fi;
     fill_ticket[on] = DRAWN;
     d_step {
       stamp != version[on] || (fill_ticket[on] == ANSWERED && position[on] >= fill_floor[on]) ->
       if
       :: stamp == version[on] ->
          stored[on] = true; entry_version[on] = stamp; entry_state[on] = state;
          printf("its result is stored under version %d\n", stamp)
       :: else
       fi;
       fill_ticket[on] = NONE; fill_floor[on] = 0;
       on = 0; stamp = 0; state = 0
     }
  od
}

active proctype Session() {
  byte seen = 0;                     /* commits that it has seen or made */
  byte hit_at = 0;                   /* the greatest position at which it had a hit */
end:
  do
  :: d_step {
       stored[node] && entry_version[node] == version[node] &&
       (floor_ticket == NONE || (floor_ticket == ANSWERED && position[node] >= floor_lsn)) ->
       floor_ticket = NONE; floor_lsn = 0;
       printf("a hit on node %d shows commits %d; must show %d\n", node, entry_state[node], seen);
       PROMISE(entry_state[node] == UPTO(position[node]), "which is not the state at the node's position\n");
       PROMISE((seen & ~entry_state[node]) == 0, "which lacks what it must see\n");
       seen = seen | entry_state[node];
       hit_at = GREATER(position[node], hit_at)
     }
  :: d_step {
       (visible & ~seen) != 0 || (seen & ~visible) != 0 ->
       printf("the session reads past the cache, or writes: the primary shows commits %d\n", visible);
       PROMISE((seen & ~visible) == 0, "which lacks what it has seen\n");
       seen = visible;
       floor_ticket = DRAWN; floor_lsn = 0
     }
#ifdef STANDBY_READS
  :: d_step {
       replayed >= hit_at && (floor_ticket == NONE || (floor_ticket == ANSWERED && replayed >= floor_lsn)) ->
       printf("the session reads on the standby: sees commits %d\n", UPTO(replayed));
       PROMISE((seen & ~UPTO(replayed)) == 0, "which lacks what it has seen\n");
       seen = UPTO(replayed);
       floor_ticket = DRAWN; floor_lsn = 0
     }
#endif
#ifdef TOKEN_EARLY
  :: d_step {
       true ->
#else
  :: d_step {
       floor_ticket == NONE || floor_ticket == ANSWERED ->
#endif
       node = 1 - node;
#ifdef NO_TOKEN
       floor_ticket = NONE; floor_lsn = 0;
#else
#ifndef TOKEN_WITHOUT_HITS
       floor_lsn = GREATER(hit_at, floor_lsn);
#endif
       floor_ticket = ANSWERED;
#endif
       printf("the session moves to node %d with token %d\n", node, floor_lsn)
     }
  od
}
