/*
 * miloptions.h - the settings of convmilter: from a file of NAME = VALUE lines, and from the command line, which comes first.
 *
 *   Borrows   the text of the file and the arguments: values point into copies that the options own.
 *   Owns      the copies, until miloptions_free().
 *   Fails     CS_INVALID after a complaint that names the line, CS_NOMEM, CS_TOOBIG.
 *   Bounded   MILOPTIONS_BYTES of file, MILOPTIONS_LIST switches and tags.
 */
#ifndef IMTA_MILOPTIONS_H
#define IMTA_MILOPTIONS_H

#include "base/slice.h"
#include "base/status.h"
#include "complaint.h"

enum { MILOPTIONS_BYTES = 64 << 10, MILOPTIONS_LIST = 32 };

/* Name, member, what --help says; a default where it is a text. */
#define MIL_OPTIONS(X)                                                                                                       \
    X("socket", socket, "unix:/run/convmilter/socket", "SOCKET", "unix:PATH, inet:PORT@ADDRESS or inet6:PORT@ADDRESS")       \
    X("socket-mode", socket_mode, "660", "MODE", "of a socket file")                                                         \
    X("socket-group", socket_group, NULL, "GROUP", "of a socket file: the mail server's")                                    \
    X("user", user, "convscan", "USER", "whom to become when started by root")                                               \
    X("pid-file", pid_file, NULL, "FILE", "where to write the process id")                                                   \
    X("conversions", conversions, NULL, "FILE", "what to do with which part")                                                \
    X("mappings", mappings, NULL, "FILE", "which messages are looked at")                                                    \
    X("in-chan", in_chan, "tcp_local", "CHANNEL", "where mail comes from")                                                   \
    X("auth-chan", auth_chan, "tcp_auth", "CHANNEL", "the same, when the sender has signed in")                              \
    X("out-chan", out_chan, "ims-ms", "CHANNEL", "where it goes to")                                                         \
    X("program-dir", program_dir, NULL, "DIR", "what IMTA_PROGRAM: stands for")                                              \
    X("jobs", jobs, NULL, "N", "messages converted at the same time")                                                        \
    X("standby", standby, NULL, "N", "scanners started before there is a part for them; 0 for none")                        \
    X("size-classes", size_classes, "100000,2000000", "LIST", "small messages do not wait behind large ones; 'none'")        \
    X("max-connections", max_connections, "200", "N", "more are told to come later")                                         \
    X("timeout", timeout, "240", "SECONDS", "for a message, waiting included; then the server tries again")                  \
    X("idle-timeout", idle_timeout, "600", "SECONDS", "for a connection on which nothing comes")                             \
    X("stop-time", stop_time, "60", "SECONDS", "to finish what is being worked on")                                          \
    X("memory", memory, "1000000", "BYTES", "of a message in memory; larger ones go to the spool folder")                    \
    X("work-dir", work_dir, NULL, "DIR", "for small messages: a file system in memory is best")                              \
    X("spool-dir", spool_dir, NULL, "DIR", "for large messages")                                                             \
    X("hold", hold, NULL, "DIR", "keep held mail in this spool of convchan, not in the server's queue")                      \
    X("postmaster", postmaster, NULL, "ADDRESS", "gets what is for the postmaster; without it that is held")                 \
    X("log", log, NULL, "FILE", "a line a message")                                                                          \
    X("status", status, NULL, "FILE", "what it is doing, each second, for convtop")                                          \
    X("mail-log", mail_log, NULL, "FILE", "records in the shape of mail.log")

struct miloptions {
#define X(name, member, otherwise, argument, help) const char *member;
    MIL_OPTIONS(X)
#undef X
    const char *switches[MILOPTIONS_LIST], *tags[MILOPTIONS_LIST];
    unsigned n_switches, n_tags;
    char *owned[4 * MILOPTIONS_LIST];
    unsigned n_owned;
};

/* "NAME" or "switch" or "tag" with its value. False: no such name, or too many. A value that is there stays unless is_stronger. */
bool miloptions_set(struct miloptions *o, struct slice name, struct slice value, bool is_stronger);
enum cs_status miloptions_read(struct miloptions *o, struct slice text, struct complaints *c) MUST_USE;
void miloptions_default(struct miloptions *o);
void miloptions_free(struct miloptions *o);

#endif
