// The practical limit of a machine for an upload server: recv into one buffer, pwrite from the same buffer, reply.
//
// It speaks as much of tus 1.0.0 as the load generator needs and checks nothing: no limits, no time-outs, no catalog, no
// recovery, no takeover. What a real server costs above it is the price of those.
//
// A thread per connection with blocking calls: for few busy connections nothing is cheaper, and with --sync the waits for
// the disk overlap, so that the file system can serve several of them by one journal commit.

// For accept4, memmem and strcasestr.
#define _GNU_SOURCE

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum { buffer_bytes = 1 << 20, id_length = 16 };

static int folder = -1;
static bool is_synced, is_hashing;
static atomic_ullong last_id;

struct upload {
  char id[id_length + 1];
  int file;
  int64_t offset, length;
  EVP_MD_CTX *digest;
};

struct connection {
  int socket;
  char *buffer;
  size_t filled;
  // Open from one request to the next, so that a chunk costs no open and close.
  struct upload upload;
};

struct request {
  char method[8];
  char id[id_length + 1];
  int64_t content_length, upload_length;
};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void close_upload(struct upload *upload) {
  if (upload->file >= 0) close(upload->file);
  EVP_MD_CTX_free(upload->digest);
  *upload = (struct upload){.file = -1};
}

static bool open_upload(struct upload *upload, const char *id, int flags, int64_t length) {
  close_upload(upload);
  upload->file = openat(folder, id, O_WRONLY | O_CLOEXEC | flags, 0644);
  if (upload->file < 0) return false;
  struct stat status;
  if (fstat(upload->file, &status) != 0) return false;
  memcpy(upload->id, id, sizeof upload->id);
  upload->offset = status.st_size;
  upload->length = length;
  // A hash is only begun with the first byte: one upload stays on one connection.
  if (is_hashing && upload->offset == 0) {
    upload->digest = EVP_MD_CTX_new();
    EVP_DigestInit_ex(upload->digest, EVP_sha256(), NULL);
  }
  return true;
}

static bool store(struct upload *upload, const char *bytes, size_t count) {
  if (upload->digest) EVP_DigestUpdate(upload->digest, bytes, count);
  while (count > 0) {
    ssize_t written = pwrite(upload->file, bytes, count, upload->offset);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    upload->offset += written;
    bytes += written;
    count -= (size_t)written;
  }
  return true;
}

static ssize_t receive(struct connection *connection, size_t at, size_t count) {
  ssize_t received;
  do received = recv(connection->socket, connection->buffer + at, count, 0);
  while (received < 0 && errno == EINTR);
  return received;
}

// The first bytes of a body came with the head and are written from where they are. Nothing is sent before its reply by
// this client, so what is behind the body is nothing.
static bool receive_body(struct connection *connection, size_t head_length, int64_t content_length) {
  size_t start = head_length, count = connection->filled - head_length;
  int64_t missing = content_length;
  connection->filled = 0;
  while (missing > 0) {
    if (count == 0) {
      size_t wanted = missing < buffer_bytes ? (size_t)missing : buffer_bytes;
      ssize_t received = receive(connection, 0, wanted);
      if (received <= 0) return false;
      start = 0;
      count = (size_t)received;
    }
    if (!store(&connection->upload, connection->buffer + start, count)) return false;
    missing -= (int64_t)count;
    count = 0;
  }
  return !is_synced || content_length == 0 || fdatasync(connection->upload.file) == 0;
}

static bool reply(struct connection *connection, const char *status, const char *fields) {
  char text[512];
  int length = snprintf(
      text, sizeof text, "HTTP/1.1 %s\r\nTus-Resumable: 1.0.0\r\n%s%s\r\n", status, fields,
      strncmp(status, "204", 3) == 0 ? "" : "Content-Length: 0\r\n");
  return send(connection->socket, text, (size_t)length, MSG_NOSIGNAL) == length;
}

static bool reply_with_offset(struct connection *connection, const char *status, const char *location) {
  struct upload *upload = &connection->upload;
  char fields[256], digest[2 * EVP_MAX_MD_SIZE + 1] = "";
  if (upload->digest && upload->offset == upload->length) {
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned int count = 0;
    EVP_DigestFinal_ex(upload->digest, bytes, &count);
    for (unsigned int index = 0; index < count; index++) sprintf(digest + 2 * index, "%02x", bytes[index]);
  }
  snprintf(
      fields, sizeof fields, "%s%s%sUpload-Offset: %" PRId64 "\r\n%s%s%s", location ? "Location: /files/" : "",
      location ? location : "", location ? "\r\n" : "", upload->offset, digest[0] ? "Upload-Digest: " : "", digest,
      digest[0] ? "\r\n" : "");
  if (upload->offset == upload->length) close_upload(upload);
  return reply(connection, status, fields);
}

static bool create(struct connection *connection, const struct request *request, size_t head_length) {
  char id[id_length + 1];
  snprintf(id, sizeof id, "%016llx", atomic_fetch_add(&last_id, 1) + 1);
  if (!open_upload(&connection->upload, id, O_CREAT | O_EXCL, request->upload_length)) return false;
  return receive_body(connection, head_length, request->content_length)
         && reply_with_offset(connection, "201 Created", id);
}

static bool append(struct connection *connection, const struct request *request, size_t head_length) {
  struct upload *upload = &connection->upload;
  bool is_open = upload->file >= 0 && strcmp(upload->id, request->id) == 0;
  if (!is_open && !open_upload(upload, request->id, 0, -1)) return false;
  return receive_body(connection, head_length, request->content_length)
         && reply_with_offset(connection, "204 No Content", NULL);
}

static bool show(struct connection *connection, const struct request *request) {
  struct stat status;
  if (fstatat(folder, request->id, &status, 0) != 0) return reply(connection, "404 Not Found", "");
  char fields[64];
  snprintf(fields, sizeof fields, "Upload-Offset: %lld\r\n", (long long)status.st_size);
  return reply(connection, "200 OK", fields);
}

static bool serve(struct connection *connection, const struct request *request, size_t head_length) {
  if (strcmp(request->method, "POST") == 0) return create(connection, request, head_length);
  if (strcmp(request->method, "PATCH") == 0) return append(connection, request, head_length);
  connection->filled = 0;
  if (strcmp(request->method, "HEAD") == 0) return show(connection, request);
  if (strcmp(request->method, "DELETE") == 0) {
    if (strcmp(connection->upload.id, request->id) == 0) close_upload(&connection->upload);
    unlinkat(folder, request->id, 0);
  }
  return reply(connection, "204 No Content", "");
}

static int64_t field(const char *head, const char *name) {
  const char *found = strcasestr(head, name);
  return found ? strtoll(found + strlen(name), NULL, 10) : 0;
}

// The head ends in a NUL in place of its last line feed, so that it can be searched as text.
static struct request parse(const char *head) {
  struct request request = {.content_length = field(head, "\r\nContent-Length:"),
                            .upload_length = field(head, "\r\nUpload-Length:")};
  char path[64] = "";
  sscanf(head, "%7s %63s", request.method, path);
  const char *name = strrchr(path, '/');
  if (name) snprintf(request.id, sizeof request.id, "%.16s", name + 1);
  return request;
}

static bool serve_next(struct connection *connection) {
  char *end;
  while (!(end = memmem(connection->buffer, connection->filled, "\r\n\r\n", 4))) {
    if (connection->filled == buffer_bytes) return false;
    ssize_t received = receive(connection, connection->filled, buffer_bytes - connection->filled);
    if (received <= 0) return false;
    connection->filled += (size_t)received;
  }
  end[3] = 0;
  struct request request = parse(connection->buffer);
  return serve(connection, &request, (size_t)(end + 4 - connection->buffer));
}

static void *serve_all(void *argument) {
  struct connection connection = {
      .socket = (int)(intptr_t)argument, .buffer = malloc(buffer_bytes), .upload = {.file = -1}};
  int on = 1;
  setsockopt(connection.socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  while (connection.buffer && serve_next(&connection)) {}
  close_upload(&connection.upload);
  close(connection.socket);
  free(connection.buffer);
  return NULL;
}

static int listen_on(unsigned short port) {
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
  socklen_t length = sizeof address;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (bind(listener, (struct sockaddr *)&address, length) != 0) fail("bind");
  if (listen(listener, 4096) != 0) fail("listen");
  if (getsockname(listener, (struct sockaddr *)&address, &length) != 0) fail("getsockname");
  printf("baseline is ready: uploads http://127.0.0.1:%d/files/\n", ntohs(address.sin_port));
  fflush(stdout);
  return listener;
}

int main(int count, char **arguments) {
  static const struct option options[] = {{"port", required_argument, NULL, 'p'},
                                          {"dir", required_argument, NULL, 'd'},
                                          {"sha256", no_argument, NULL, 'h'},
                                          {"sync", no_argument, NULL, 's'},
                                          {0}};
  unsigned short port = 0;
  for (int option; (option = getopt_long(count, arguments, "", options, NULL)) != -1;) {
    if (option == 'p') port = (unsigned short)atoi(optarg);
    else if (option == 'd') folder = open(optarg, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    else if (option == 'h') is_hashing = true;
    else if (option == 's') is_synced = true;
    else return 2;
  }
  if (folder < 0) {
    fputs("usage: BaselineServer --dir FOLDER [--port PORT] [--sha256] [--sync]\n", stderr);
    return 2;
  }
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, 256 << 10);
  for (int listener = listen_on(port);;) {
    int socket = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
    if (socket < 0) continue;
    pthread_t thread;
    if (pthread_create(&thread, &attributes, serve_all, (void *)(intptr_t)socket) != 0) close(socket);
  }
}
