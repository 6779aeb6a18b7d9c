/* The note of what a process works on: a mapped file of fixed slots that outlives the process. Marks are plain stores
   into the mapping, without a system call, and the handler of fatal signals may run at any instruction, which is why
   this is not written in Swift. */
#ifndef CCRASHNOTE_H
#define CCRASHNOTE_H

#include <stddef.h>
#include <stdint.h>

struct cn_note;

/* How many things can be marked at a time; more are not marked. */
#define CN_SLOTS 1024
/* The longest key in bytes; longer ones are cut. */
#define CN_KEY 480

/* Maps the file, which is made, or made anew if it is not one of these. NULL with errno on failure. */
struct cn_note *cn_open(const char *path);
void cn_close(struct cn_note *note);

/* How the process that wrote the note before ended, as long as cn_start was not called. */
int cn_was_stopped(const struct cn_note *note);    /* 1: it said that it stops */
int cn_trap_signal(const struct cn_note *note);    /* the signal of a fault of its own; 0: none, as after SIGKILL */
int cn_culprit(const struct cn_note *note);        /* the slot of what the faulting thread worked on; -1: not known */
/* The key in that slot; its length, or -1 if nothing was under way there. */
int cn_key(const struct cn_note *note, int slot, char *buffer);

/* Wipes the note: a process begins to work. */
void cn_start(struct cn_note *note);
/* The process stops in order. */
void cn_stop(struct cn_note *note);

/* Marks that something is worked on: the key is `kind NUL namespace NUL name`, and `NUL uid` if there is one. `thread` is 1 if the work stays on this
   thread until cn_end, and 0 if it belongs to the present Swift task. Answers a slot, or -1 if none is free. */
int cn_begin(struct cn_note *note, int thread, const uint8_t *kind, size_t kind_length, const uint8_t *namespace,
             size_t namespace_length, const uint8_t *name, size_t name_length, const uint8_t *uid, size_t uid_length);
void cn_end(struct cn_note *note, int slot);

/* From now on, a fault or an abort of this process is written into the note before it takes its course. */
void cn_watch_faults(struct cn_note *note);

#endif
