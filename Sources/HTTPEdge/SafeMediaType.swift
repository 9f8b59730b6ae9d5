/// The media type a stored file is served with.
///
/// A small table on purpose: nothing that a browser runs (HTML, SVG, scripts) is ever called by its name.
package enum SafeMediaType {
  package static let unknown = "application/octet-stream"
  private static let text = "text/plain; charset=utf-8"

  private static let types: [String: String] = [
    "txt": text, "log": text, "md": text, "csv": text, "json": text,
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "webp": "image/webp",
    "avif": "image/avif", "bmp": "image/bmp",
    "mp3": "audio/mpeg", "m4a": "audio/mp4", "ogg": "audio/ogg", "oga": "audio/ogg", "opus": "audio/ogg",
    "wav": "audio/wav", "flac": "audio/flac", "aac": "audio/aac",
    "mp4": "video/mp4", "m4v": "video/mp4", "webm": "video/webm", "ogv": "video/ogg",
    "mov": "video/quicktime",
    "mkv": "video/x-matroska",
    "pdf": "application/pdf", "zip": "application/zip", "tar": "application/x-tar", "gz": "application/gzip",
    "tgz": "application/gzip",
  ]

  /// The type for a file of this name, by its extension in any case.
  package static func of(_ name: String) -> String {
    guard let dot = name.lastIndex(of: ".") else { return unknown }
    return types[name[name.index(after: dot)...].lowercased()] ?? unknown
  }

  /// True for what a browser may show in place when asked to.
  package static func isShowable(_ type: String) -> Bool {
    type == text || type == "application/pdf"
      || ["image/", "audio/", "video/"].contains { type.hasPrefix($0) }
  }
}
