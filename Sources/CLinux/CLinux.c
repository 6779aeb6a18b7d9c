#define _GNU_SOURCE
#include "CLinux.h"

#include <malloc.h>
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

int cl_become_subreaper(void) { return prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) == 0 ? 0 : errno; }

void cl_set_process_name(const char *name) { prctl(PR_SET_NAME, name, 0, 0, 0); }

/* What a child reports when it cannot become the program. */
struct failure {
    int stage; /* 0 chdir, 1 exec */
    int error;
};

static void become(const struct cl_program *program, pid_t parent, int report) {
    struct failure failure = {0, 0};
    setsid();
    /* The second net under the shim: if it is killed, its child goes with it. */
    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    if (getppid() != parent) _exit(137);
    for (int signal = 1; signal < NSIG; signal++) {
        struct sigaction action = {0};
        action.sa_handler = SIG_DFL;
        sigaction(signal, &action, NULL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0) dup2(null, 0);
    dup2(program->output, 1);
    dup2(program->error, 2);
#ifdef SYS_close_range
    /* 4 is CLOSE_RANGE_CLOEXEC: the report's descriptor has to live until exec. */
    if (syscall(SYS_close_range, 3u, ~0u, 4u) != 0)
#endif
        for (int descriptor = 3; descriptor < 1024; descriptor++) fcntl(descriptor, F_SETFD, FD_CLOEXEC);
    if (program->directory == NULL || chdir(program->directory) == 0) {
        failure.stage = 1;
        execve(program->path, program->argv, program->envp);
    }
    failure.error = errno;
    if (write(report, &failure, sizeof failure) < 0) _exit(126);
    _exit(127);
}

int cl_start(const struct cl_program *program, pid_t *pid, const char **stage) {
    int report[2];
    *stage = "fork";
    if (pipe2(report, O_CLOEXEC) != 0) return errno;
    pid_t parent = getpid();
    *pid = fork();
    if (*pid == 0) become(program, parent, report[1]);
    int error = errno;
    close(report[1]);
    if (*pid < 0) {
        close(report[0]);
        return error;
    }
    /* Ends without a word when exec closes the other end. */
    struct failure failure;
    ssize_t count;
    do count = read(report[0], &failure, sizeof failure);
    while (count < 0 && errno == EINTR);
    close(report[0]);
    if (count != sizeof failure) return 0;
    *stage = failure.stage == 0 ? "chdir" : "exec";
    while (waitpid(*pid, NULL, 0) < 0 && errno == EINTR) {}
    return failure.error;
}

int cl_signal_descriptor(const int *signals, int count) {
    sigset_t set;
    sigemptyset(&set);
    for (int index = 0; index < count; index++) sigaddset(&set, signals[index]);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0) return -1;
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int cl_next_signal(int descriptor) {
    struct signalfd_siginfo info;
    return read(descriptor, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

pid_t cl_reap(int *code, int *signal) {
    int status;
    pid_t pid;
    do pid = waitpid(-1, &status, WNOHANG);
    while (pid < 0 && errno == EINTR);
    if (pid <= 0) return pid;
    *signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    *code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return pid;
}

int cl_open_append(const char *path) { return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600); }

int cl_pipe(int *read_end, int *write_end) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return errno;
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    *read_end = ends[0];
    *write_end = ends[1];
    return 0;
}

int cl_free_port(void) {
    int port = 0;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (listener < 0) return 0;
    struct sockaddr_in address = {0};
    socklen_t length = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(listener, (struct sockaddr *)&address, length) == 0 &&
        getsockname(listener, (struct sockaddr *)&address, &length) == 0)
        port = ntohs(address.sin_port);
    close(listener);
    return port;
}

int cl_connect(const char *host, int port, int timeout_milliseconds) {
    struct sockaddr_in address = {0};
    address.sin_family = AF_INET;
    address.sin_port = htons((unsigned short)port);
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1) return EINVAL;
    int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (connection < 0) return errno;
    int error = connect(connection, (struct sockaddr *)&address, sizeof address) == 0 ? 0 : errno;
    if (error == EINPROGRESS) {
        struct pollfd polled = {connection, POLLOUT, 0};
        socklen_t length = sizeof error;
        if (poll(&polled, 1, timeout_milliseconds) == 1)
            getsockopt(connection, SOL_SOCKET, SO_ERROR, &error, &length);
        else
            error = ETIMEDOUT;
    }
    close(connection);
    return error;
}

long cl_memory_total(void) { return sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE); }

void cl_limit_arenas(int count) { mallopt(M_ARENA_MAX, count); }

unsigned long cl_memory_in_use(void) {
    struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

void cl_memory_trim(void) { malloc_trim(0); }
