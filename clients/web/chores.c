#include "chores.h"

#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct list {
    struct chore *first, **last;
};

struct chores {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct list to_do, ready; /* under the lock */
    int n, most;              /* under the lock: to do */
    bool stop, started;
    int fd; /* an eventfd: something is ready */
    struct event *event;
};

static void list_add(struct list *l, struct chore *c)
{
    c->next = NULL;
    *l->last = c;
    l->last = &c->next;
}

static struct chore *list_take(struct list *l)
{
    struct chore *c = l->first;

    if (c != NULL)
        l->first = c->next;
    if (l->first == NULL)
        l->last = &l->first;
    return c;
}

static struct chore *wait_for_one(struct chores *s)
{
    struct chore *c;

    pthread_mutex_lock(&s->lock);
    while (s->to_do.first == NULL && !s->stop)
        pthread_cond_wait(&s->more, &s->lock);
    c = list_take(&s->to_do);
    pthread_mutex_unlock(&s->lock);
    return c;
}

static void *work(void *arg)
{
    const uint64_t one = 1;
    struct chores *s = arg;
    struct chore *c;

    while ((c = wait_for_one(s)) != NULL) {
        c->run(c);
        pthread_mutex_lock(&s->lock);
        s->n--;
        list_add(&s->ready, c);
        pthread_mutex_unlock(&s->lock);
        if (write(s->fd, &one, sizeof(one)) < 0)
            continue; /* its counter is full: the loop will look anyway */
    }
    return NULL;
}

static void hand_back(struct chores *s)
{
    for (;;) {
        struct chore *c;

        pthread_mutex_lock(&s->lock);
        c = list_take(&s->ready);
        pthread_mutex_unlock(&s->lock);
        if (c == NULL)
            return;
        c->done(c);
    }
}

static void on_ready(evutil_socket_t fd, short what, void *arg)
{
    uint64_t n;

    (void)what;
    if (read((int)fd, &n, sizeof(n)) > 0)
        hand_back(arg);
}

/* The program's signals are for its main thread. */
static bool start(struct chores *s)
{
    sigset_t all, before;

    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    s->started = pthread_create(&s->thread, NULL, work, s) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return s->started;
}

struct chores *chores_open(struct event_base *base, int most)
{
    struct chores *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->more, NULL);
    s->to_do.last = &s->to_do.first;
    s->ready.last = &s->ready.first;
    s->most = most;
    s->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (s->fd >= 0)
        s->event = event_new(base, s->fd, EV_READ | EV_PERSIST, on_ready, s);
    if (s->event == NULL || event_add(s->event, NULL) != 0 || !start(s)) {
        chores_close(s);
        return NULL;
    }
    return s;
}

bool chores_add(struct chores *s, struct chore *c)
{
    bool room;

    pthread_mutex_lock(&s->lock);
    room = s->n < s->most;
    if (room) {
        s->n++;
        list_add(&s->to_do, c);
        pthread_cond_signal(&s->more);
    }
    pthread_mutex_unlock(&s->lock);
    return room;
}

void chores_close(struct chores *s)
{
    if (s == NULL)
        return;
    if (s->started) {
        pthread_mutex_lock(&s->lock);
        s->stop = true;
        pthread_cond_signal(&s->more);
        pthread_mutex_unlock(&s->lock);
        pthread_join(s->thread, NULL);
        hand_back(s);
    }
    if (s->event != NULL)
        event_free(s->event);
    if (s->fd >= 0)
        close(s->fd);
    pthread_cond_destroy(&s->more);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
