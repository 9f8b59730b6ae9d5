import HTTPTypes

/// A response as a dialect renders it.
package struct UploadResponse: Sendable, Equatable {
  package var head: HTTPResponse
  /// Empty where the status or the method forbids a body.
  package var body: [UInt8]

  package init(head: HTTPResponse, body: [UInt8] = []) {
    self.head = head
    self.body = body
  }
}
