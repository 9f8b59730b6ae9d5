import HTTPTypes

/// Which dialect of resumable uploads a request speaks.
package enum DialectChoice: Sendable, Equatable {
  case tus

  /// `nil` when the request is for a plain route: outside of the base path, a view of an upload, or its
  /// download.
  ///
  /// All else below the base path is answered as tus, with or without `Tus-Resumable`: a tus client takes an
  /// error without that field for a server of another kind.
  package init?(_ head: UploadRequestHead) {
    switch (head.route, head.method) {
    case (.outside, _): return nil
    case (.nothing, .post) where head.path.prefix(while: { $0 != "?" }) == "/files/batch": return nil
    case (.collection, .post):
      if case .value("multipart/form-data") = head.headerFields.mediaType { return nil }
      self = .tus
    case (_, .options): self = .tus
    case (.view, _), (.upload, .get): return nil
    case (.collection, _), (.upload, _), (.nothing, _): self = .tus
    }
  }
}
