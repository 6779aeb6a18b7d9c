// What Linux offers for starting and keeping children and Swift's Glibc module does not show: GNU extensions
// of posix_spawn, prctl, pipe2, eventfd, mallopt.
#ifndef CSPAWN_H
#define CSPAWN_H

#include <sys/types.h>

struct cspawn_request {
    const char *path;
    char *const *argv;
    char *const *envp;
    const char *directory;  // NULL: the caller's
    int input, output, log; // become the child's descriptors 0, 1, 2; it inherits no other
};

/// Starts a program as leader of a new session with default signal dispositions. Returns 0 or an errno; a
/// program that cannot be executed is reported here, not by the child.
int cspawn_start(pid_t *pid, const struct cspawn_request *request);

/// A pipe that is not inherited; the end for this process (index `own`) does not block. Returns 0 or an errno.
int cspawn_pipe(int descriptors[2], int own);

/// A descriptor that becomes readable when 8 bytes are written to it; -1 on failure.
int cspawn_event(void);

/// Makes processes whose parent has ended children of this process. Returns 0 or an errno.
int cspawn_adopt_orphans(void);

/// Keeps the C library from giving every thread a heap of its own, which inflates resident memory.
void cspawn_limit_arenas(int count);

#endif
