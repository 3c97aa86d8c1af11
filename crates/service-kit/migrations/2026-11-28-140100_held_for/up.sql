-- The length of the hold, so that one from before the clock was set back is known.
alter table jobs add column held_for integer; -- seconds, from when it was begun or renewed last
