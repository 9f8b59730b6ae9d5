/// The `Upload-Limit` field (draft-ietf-httpbis-resumable-upload §4.1.4): a dictionary of integers (RFC 9651).
package enum UploadLimit {
  /// Most bytes of one append; nil when the field does not say, or is not what it should be.
  package static func mostAppendBytes(_ value: String) -> Int64? {
    var most: Int64?
    for member in value.split(separator: ",", omittingEmptySubsequences: false) {
      // Parameters of a member mean nothing here.
      let text = String(member.split(separator: ";", omittingEmptySubsequences: false).first ?? "")
      let parts = text.trimmingSpaces.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard parts.first == "max-append-size" else { continue }
      // A known key of another type spoils the field.
      guard parts.count == 2, let count = Int64(parts[1]), count > 0 else { return nil }
      most = count
    }
    return most
  }
}
