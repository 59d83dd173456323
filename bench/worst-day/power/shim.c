/*
 * Loaded before libc (LD_PRELOAD), it does every call that changes files below POWER_ROOT and appends what was done, with
 * the bytes, to POWER_LOG, in the order in which the kernel saw it: one lock is held over call and record. Writes to the
 * file POWER_MARKS are records too, so that an acknowledgement has its place among them.
 * Build: gcc -O2 -shared -fPIC -o shim.so shim.c -ldl
 *
 * Record: u8 op, 3 × 0, u32 pathBytes, u32 dataBytes, u32 0, u64 inode, u64 offset; then path and data.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum { CREATE = 1, WRITE, TRUNCATE, SYNC, RENAME, UNLINK, MKDIR, RMDIR, LINK, MARK, MAPPED };
enum { NOT_OURS = 0, OURS, MARKS };
#define FDS 65536

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static unsigned char kinds[FDS];
static ino_t inodes[FDS];
static int logFd = -1;
static char root[PATH_MAX];
static size_t rootBytes;
static char marks[PATH_MAX];

__attribute__((constructor)) static void begin(void) {
  const char *at = getenv("POWER_ROOT"), *to = getenv("POWER_LOG"), *said = getenv("POWER_MARKS");
  if (at == NULL || to == NULL) return;
  snprintf(root, sizeof root, "%s/", at);
  rootBytes = strlen(root);
  if (said != NULL) snprintf(marks, sizeof marks, "%s", said);
  logFd = syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

#define REAL(name) \
  static __typeof__(name) *real; \
  if (real == NULL) real = (__typeof__(name) *)dlsym(RTLD_NEXT, #name)

static void full(int fd, const void *bytes, size_t size) {
  while (size > 0) {
    ssize_t done = syscall(SYS_write, fd, bytes, size);
    if (done <= 0) abort();
    bytes = (const char *)bytes + done;
    size -= done;
  }
}

static void note(int op, uint64_t inode, uint64_t offset, const char *path, const void *data, size_t dataBytes) {
  struct { uint8_t op, zero[3]; uint32_t pathBytes, dataBytes, none; uint64_t inode, offset; } head = {0};
  head.op = op;
  head.pathBytes = path == NULL ? 0 : strlen(path);
  head.dataBytes = dataBytes;
  head.inode = inode;
  head.offset = offset;
  int kept = errno;
  full(logFd, &head, sizeof head);
  if (head.pathBytes > 0) full(logFd, path, head.pathBytes);
  if (dataBytes > 0) full(logFd, data, dataBytes);
  errno = kept;
}

/* The path below the root, or NULL when it lies elsewhere. */
static const char *ours(int at, const char *path, char *buffer) {
  if (logFd < 0 || path == NULL) return NULL;
  if (path[0] != '/') {
    char folder[PATH_MAX];
    if (at == AT_FDCWD) {
      if (getcwd(folder, sizeof folder) == NULL) return NULL;
    } else {
      char link[64];
      snprintf(link, sizeof link, "/proc/self/fd/%d", at);
      ssize_t length = readlink(link, folder, sizeof folder - 1);
      if (length < 0) return NULL;
      folder[length] = 0;
    }
    if (snprintf(buffer, PATH_MAX, "%s/%s", folder, path) >= PATH_MAX) return NULL;
    path = buffer;
  }
  return strncmp(path, root, rootBytes) == 0 ? path + rootBytes : NULL;
}

/* Not every close comes by here, so a number may be another file's, or a socket's, by now. */
static int kindOf(int fd) {
  if (logFd < 0 || fd < 0 || fd >= FDS || !kinds[fd]) return NOT_OURS;
  struct stat about;
  if (fstat(fd, &about) != 0 || about.st_ino != inodes[fd] || !(S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)))
    kinds[fd] = NOT_OURS;
  return kinds[fd];
}

static uint64_t inodeOf(int fd) {
  struct stat about;
  return fstat(fd, &about) == 0 ? about.st_ino : 0;
}

static int doOpen(int at, const char *path, int flags, mode_t mode) {
  char buffer[PATH_MAX];
  const char *name = ours(at, path, buffer);
  int isMarks = logFd >= 0 && marks[0] != 0 && strcmp(path, marks) == 0;
  if (name == NULL && !isMarks) {
    int fd = syscall(SYS_openat, at, path, flags, mode);
    if (fd >= 0 && fd < FDS && logFd >= 0) {
      /* The root itself is synced through a descriptor, too. */
      size_t length = strlen(path);
      kinds[fd] = length + 1 == rootBytes && strncmp(path, root, length) == 0 ? OURS : NOT_OURS;
      inodes[fd] = kinds[fd] ? inodeOf(fd) : 0;
    }
    return fd;
  }
  pthread_mutex_lock(&lock);
  struct stat before;
  int fresh = (flags & O_CREAT) && !isMarks && fstatat(at, path, &before, AT_SYMLINK_NOFOLLOW) != 0;
  int fd = syscall(SYS_openat, at, path, flags, mode);
  if (fd >= FDS) abort();
  if (fd >= 0) {
    kinds[fd] = isMarks ? MARKS : OURS;
    inodes[fd] = inodeOf(fd);
    if (fresh) note(CREATE, inodeOf(fd), 0, name, NULL, 0);
    else if (!isMarks && (flags & O_TRUNC) && (flags & O_ACCMODE) != O_RDONLY) note(TRUNCATE, inodeOf(fd), 0, NULL, NULL, 0);
  }
  pthread_mutex_unlock(&lock);
  return fd;
}

#define OPEN_MODE \
  mode_t mode = 0; \
  if (flags & (O_CREAT | __O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, mode_t); va_end(rest); }

int open(const char *path, int flags, ...) { OPEN_MODE return doOpen(AT_FDCWD, path, flags, mode); }
int open64(const char *path, int flags, ...) { OPEN_MODE return doOpen(AT_FDCWD, path, flags | O_LARGEFILE, mode); }
int openat(int at, const char *path, int flags, ...) { OPEN_MODE return doOpen(at, path, flags, mode); }
int openat64(int at, const char *path, int flags, ...) { OPEN_MODE return doOpen(at, path, flags | O_LARGEFILE, mode); }
int creat(const char *path, mode_t mode) { return doOpen(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode); }

int close(int fd) {
  if (kindOf(fd)) kinds[fd] = NOT_OURS;
  return syscall(SYS_close, fd);
}

static void wrote(int fd, uint64_t offset, const struct iovec *parts, int count, ssize_t done) {
  int kind = kindOf(fd);
  for (int i = 0; i < count && done > 0; i++) {
    size_t size = (size_t)done < parts[i].iov_len ? (size_t)done : parts[i].iov_len;
    note(kind == MARKS ? MARK : WRITE, kind == MARKS ? 0 : inodeOf(fd), offset, NULL, parts[i].iov_base, size);
    offset += size;
    done -= size;
  }
}

static ssize_t doWrite(int fd, const struct iovec *parts, int count, off_t offset, int positioned) {
  if (!kindOf(fd))
    return positioned ? syscall(SYS_pwritev, fd, parts, count, offset, 0L) : syscall(SYS_writev, fd, parts, count);
  pthread_mutex_lock(&lock);
  if (!positioned) {
    struct stat about;
    offset = (fcntl(fd, F_GETFL) & O_APPEND) && fstat(fd, &about) == 0 ? about.st_size : lseek(fd, 0, SEEK_CUR);
  }
  ssize_t done = positioned ? syscall(SYS_pwritev, fd, parts, count, offset, 0L) : syscall(SYS_writev, fd, parts, count);
  wrote(fd, offset, parts, count, done);
  pthread_mutex_unlock(&lock);
  return done;
}

#define ONE struct iovec one = {(void *)bytes, size}
ssize_t write(int fd, const void *bytes, size_t size) {
  if (!kindOf(fd)) return syscall(SYS_write, fd, bytes, size);
  ONE;
  return doWrite(fd, &one, 1, 0, 0);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset) { ONE; return doWrite(fd, &one, 1, offset, 1); }
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) { ONE; return doWrite(fd, &one, 1, offset, 1); }
ssize_t writev(int fd, const struct iovec *parts, int count) { return doWrite(fd, parts, count, 0, 0); }
ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset) { return doWrite(fd, parts, count, offset, 1); }
ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) { return doWrite(fd, parts, count, offset, 1); }

static int doTruncate(int fd, off_t size) {
  if (!kindOf(fd)) return syscall(SYS_ftruncate, fd, size);
  pthread_mutex_lock(&lock);
  int answer = syscall(SYS_ftruncate, fd, size);
  if (answer == 0) note(TRUNCATE, inodeOf(fd), size, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
  return answer;
}
int ftruncate(int fd, off_t size) { return doTruncate(fd, size); }
int ftruncate64(int fd, off64_t size) { return doTruncate(fd, size); }

static int doSync(int fd, long call) {
  if (!kindOf(fd)) return syscall(call, fd);
  pthread_mutex_lock(&lock);
  int answer = syscall(call, fd);
  if (answer == 0) note(SYNC, inodeOf(fd), 0, NULL, NULL, 0);
  pthread_mutex_unlock(&lock);
  return answer;
}
int fsync(int fd) { return doSync(fd, SYS_fsync); }
int fdatasync(int fd) { return doSync(fd, SYS_fdatasync); }

/* Two paths of one call: both below the root, or none of our business. */
static int doPair(int op, int fromAt, const char *from, int toAt, const char *to, int flags) {
  char one[PATH_MAX], two[PATH_MAX];
  const char *a = ours(fromAt, from, one), *b = ours(toAt, to, two);
  pthread_mutex_lock(&lock);
  int answer = op == RENAME ? syscall(SYS_renameat2, fromAt, from, toAt, to, flags) : syscall(SYS_linkat, fromAt, from, toAt, to, flags);
  if (answer == 0 && (a == NULL) != (b == NULL)) abort();
  if (answer == 0 && a != NULL) note(op, 0, 0, a, b, strlen(b));
  pthread_mutex_unlock(&lock);
  return answer;
}
int rename(const char *from, const char *to) { return doPair(RENAME, AT_FDCWD, from, AT_FDCWD, to, 0); }
int renameat(int fromAt, const char *from, int toAt, const char *to) { return doPair(RENAME, fromAt, from, toAt, to, 0); }
int renameat2(int fromAt, const char *from, int toAt, const char *to, unsigned flags) { return doPair(RENAME, fromAt, from, toAt, to, flags); }
int link(const char *from, const char *to) { return doPair(LINK, AT_FDCWD, from, AT_FDCWD, to, 0); }
int linkat(int fromAt, const char *from, int toAt, const char *to, int flags) { return doPair(LINK, fromAt, from, toAt, to, flags); }

static int doRemove(int at, const char *path, int flags) {
  char buffer[PATH_MAX];
  const char *name = ours(at, path, buffer);
  pthread_mutex_lock(&lock);
  int answer = syscall(SYS_unlinkat, at, path, flags);
  if (answer == 0 && name != NULL) note(flags & AT_REMOVEDIR ? RMDIR : UNLINK, 0, 0, name, NULL, 0);
  pthread_mutex_unlock(&lock);
  return answer;
}
int unlink(const char *path) { return doRemove(AT_FDCWD, path, 0); }
int unlinkat(int at, const char *path, int flags) { return doRemove(at, path, flags); }
int rmdir(const char *path) { return doRemove(AT_FDCWD, path, AT_REMOVEDIR); }
int remove(const char *path) {
  struct stat about;
  return doRemove(AT_FDCWD, path, lstat(path, &about) == 0 && S_ISDIR(about.st_mode) ? AT_REMOVEDIR : 0);
}

static int doMkdir(int at, const char *path, mode_t mode) {
  char buffer[PATH_MAX];
  const char *name = ours(at, path, buffer);
  pthread_mutex_lock(&lock);
  int answer = syscall(SYS_mkdirat, at, path, mode);
  struct stat about;
  if (answer == 0 && name != NULL && fstatat(at, path, &about, 0) == 0) note(MKDIR, about.st_ino, 0, name, NULL, 0);
  pthread_mutex_unlock(&lock);
  return answer;
}
int mkdir(const char *path, mode_t mode) { return doMkdir(AT_FDCWD, path, mode); }
int mkdirat(int at, const char *path, mode_t mode) { return doMkdir(at, path, mode); }

/* Copies inside the kernel would carry bytes past us: callers fall back to reading and writing. */
ssize_t copy_file_range(int in, off64_t *inAt, int out, off64_t *outAt, size_t size, unsigned flags) {
  if (!kindOf(out)) return syscall(SYS_copy_file_range, in, inAt, out, outAt, size, flags);
  errno = ENOSYS;
  return -1;
}

/* Writes through a mapping cannot be seen; that a file was mapped for writing can. */
static void *doMap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
  void *answer = (void *)syscall(SYS_mmap, at, size, protection, flags, fd, offset);
  if (answer != MAP_FAILED && (flags & MAP_SHARED) && (protection & PROT_WRITE) && kindOf(fd)) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    path[length < 0 ? 0 : length] = 0;
    pthread_mutex_lock(&lock);
    note(MAPPED, inodeOf(fd), offset, strncmp(path, root, rootBytes) == 0 ? path + rootBytes : path, NULL, 0);
    pthread_mutex_unlock(&lock);
  }
  return answer;
}
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) { return doMap(at, size, protection, flags, fd, offset); }
void *mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset) { return doMap(at, size, protection, flags, fd, offset); }

/* Streams of libc write below our feet, so those that write get our own writing half. */
static ssize_t streamWrite(void *cookie, const char *bytes, size_t size) {
  ssize_t done = write((int)(intptr_t)cookie, bytes, size);
  return done < 0 ? 0 : done;
}
static ssize_t streamRead(void *cookie, char *bytes, size_t size) { return read((int)(intptr_t)cookie, bytes, size); }
static int streamSeek(void *cookie, off64_t *offset, int whence) {
  off_t at = lseek((int)(intptr_t)cookie, *offset, whence);
  if (at < 0) return -1;
  *offset = at;
  return 0;
}
static int streamClose(void *cookie) { return close((int)(intptr_t)cookie); }

static FILE *doStream(const char *path, const char *mode) {
  int flags = strchr(mode, '+') ? O_RDWR : mode[0] == 'r' ? O_RDONLY : O_WRONLY;
  if (mode[0] == 'w') flags |= O_CREAT | O_TRUNC;
  if (mode[0] == 'a') flags |= O_CREAT | O_APPEND;
  int fd = doOpen(AT_FDCWD, path, flags | O_CLOEXEC, 0666);
  if (fd < 0) return NULL;
  cookie_io_functions_t calls = {streamRead, streamWrite, streamSeek, streamClose};
  return fopencookie((void *)(intptr_t)fd, mode, calls);
}
FILE *fopen(const char *path, const char *mode) {
  REAL(fopen);
  char buffer[PATH_MAX];
  return ours(AT_FDCWD, path, buffer) != NULL && strpbrk(mode, "wa+") != NULL ? doStream(path, mode) : real(path, mode);
}
FILE *fopen64(const char *path, const char *mode) {
  REAL(fopen64);
  char buffer[PATH_MAX];
  return ours(AT_FDCWD, path, buffer) != NULL && strpbrk(mode, "wa+") != NULL ? doStream(path, mode) : real(path, mode);
}
