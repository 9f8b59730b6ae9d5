/// What browsers let pages of allowed origins do. The lists begin with those of tusd, which clients know, and go on
/// with the fields of this server.
package enum CrossOriginLists {
  /// `Access-Control-Max-Age`: how long a browser need not ask again.
  package static let maximumAgeSeconds = 86400

  package static let methods = ["POST", "HEAD", "PATCH", "OPTIONS", "GET", "DELETE", "PUT"]

  /// Names of request fields a page may set.
  package static let requestFields = [
    "Authorization", "Origin", "X-Requested-With", "X-Request-ID", "X-HTTP-Method-Override", "Content-Type",
    "Upload-Length", "Upload-Offset", "Tus-Resumable", "Upload-Metadata", "Upload-Defer-Length",
    "Upload-Concat", "Upload-Incomplete", "Upload-Complete", "Upload-Draft-Interop-Version",
    "Upload-Checksum", "Content-Digest", "Repr-Digest", "Want-Repr-Digest", "Want-Content-Digest",
    "Idempotency-Key", "If-Match", "Content-Disposition", "Content-Encoding",
    "Upload-Digest", "If-None-Match", "If-Range", "Range", "Last-Event-ID", "From",
  ]

  /// Names of response fields a page may read.
  package static let responseFields = [
    "Upload-Offset", "Location", "Upload-Length", "Tus-Version", "Tus-Resumable", "Tus-Max-Size",
    "Tus-Extension", "Upload-Metadata", "Upload-Defer-Length", "Upload-Concat", "Upload-Incomplete",
    "Upload-Complete", "Upload-Draft-Interop-Version",
    "Upload-Expires", "Upload-Limit", "Tus-Checksum-Algorithm", "Repr-Digest", "Content-Digest",
    "Want-Repr-Digest", "Retry-After", "ETag", "X-Request-ID", "Server-Timing", "Content-Disposition",
    "Upload-Digest", "Upload-State", "Upload-Error", "Allow", "Accept-Ranges", "Content-Range",
  ]
}
