/* What Linux offers and Swift's Glibc module cannot express: variadic calls, macros, and what has to happen between
   fork and exec, where no Swift code may run. */
#ifndef CLINUX_H
#define CLINUX_H

#include <sys/types.h>

/* A program to be started in a session of its own. */
struct cl_program {
    const char *path;
    char *const *argv;
    char *const *envp;
    const char *directory; /* NULL: the present one */
    int output;            /* becomes descriptor 1 */
    int error;             /* becomes descriptor 2 */
};

/* Makes this process the parent of all orphans among its descendants. 0, or an errno. */
int cl_become_subreaper(void);

/* Sets the name that ps shows for this process; at most 15 bytes count. */
void cl_set_process_name(const char *name);

/* Starts a program; call it from single-threaded processes only. Standard input is /dev/null, all other descriptors
   are closed, signals are as at boot, and the program is killed when this process dies. 0, or the errno of the step
   that failed, with `*stage` naming it ("fork", "chdir", "exec"). */
int cl_start(const struct cl_program *program, pid_t *pid, const char **stage);

/* A descriptor on which these signals can be read; they are blocked otherwise. -1 and errno on failure. */
int cl_signal_descriptor(const int *signals, int count);

/* The next signal that came; 0 if there is none. */
int cl_next_signal(int descriptor);

/* Waits for any child without blocking: its pid with exit code, or 128 + signal and the signal. 0: none has ended;
   -1: there are no children. */
pid_t cl_reap(int *code, int *signal);

/* Opens for appending, created with mode 0600, closed on exec. */
int cl_open_append(const char *path);

/* A pipe whose ends are closed on exec and whose read end does not block. 0, or an errno. */
int cl_pipe(int *read_end, int *write_end);

/* A TCP port of the loopback address that is free at the moment; 0 if there is none. */
int cl_free_port(void);

/* Whether a TCP connection to that IPv4 address and port comes about within that time. 0, or an errno. */
int cl_connect(const char *address, int port, int timeout_milliseconds);

/* Lets malloc use that many arenas at most; call it before there are threads. Each keeps what was freed in it. */
void cl_limit_arenas(int count);

/* Bytes that are in use of what malloc has taken from the system. */
unsigned long cl_memory_in_use(void);

/* Gives the pages of freed memory back to the system. */
void cl_memory_trim(void);

/* Bytes of memory of the machine. */
long cl_memory_total(void);

#endif
