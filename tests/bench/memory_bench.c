/*
 * memory_bench COMMAND…: run a command, stop it as it exits, and print what memory it holds then, as one JSON object in KB:
 * anonymous (its own, shared with nobody), file (pages of mapped files that it touched, shared with all who map them), and
 * the most that was resident at any time.
 */
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

/* The number behind "KEY:" in /proc/PID/FILE, or 0. */
static unsigned long look_up(pid_t pid, const char *file, const char *key)
{
    char path[64], line[256];
    unsigned long found = 0;
    FILE *f;

    snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
    f = fopen(path, "r");
    while (f && fgets(line, sizeof line, f))
        if (!strncmp(line, key, strlen(key)) && line[strlen(key)] == ':')
            found = strtoul(line + strlen(key) + 1, NULL, 10);
    if (f)
        fclose(f);
    return found;
}

static void child(char **argv)
{
    int quiet = open("/dev/null", O_WRONLY);

    dup2(quiet, 1);
    ptrace(PTRACE_TRACEME, 0, 0, 0);
    execvp(argv[0], argv);
    _exit(127);
}

/* True when the process is about to exit and its memory still stands. */
static bool is_exit_stop(int status)
{
    return status >> 8 == (SIGTRAP | (PTRACE_EVENT_EXIT << 8));
}

static void report(pid_t pid)
{
    unsigned long rss = look_up(pid, "smaps_rollup", "Rss"), own = look_up(pid, "smaps_rollup", "Anonymous");

    printf("{\"anonymous_kb\": %lu, \"file_kb\": %lu, \"peak_kb\": %lu}\n", own, rss - own, look_up(pid, "status", "VmHWM"));
}

int main(int argc, char **argv)
{
    int status = 0;
    pid_t pid;

    if (argc < 2) {
        fprintf(stderr, "usage: memory_bench COMMAND...\n");
        return 64;
    }
    pid = fork();
    if (pid == 0)
        child(argv + 1);
    if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status))
        return 2;
    ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACEEXIT);
    for (int pass = 0; ptrace(PTRACE_CONT, pid, 0, pass) == 0 && waitpid(pid, &status, 0) == pid && WIFSTOPPED(status);) {
        pass = 0;
        if (is_exit_stop(status))
            report(pid);
        else if (WSTOPSIG(status) != SIGTRAP)
            pass = WSTOPSIG(status);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 2;
}
