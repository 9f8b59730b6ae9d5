import Foundation
import TestSupport
import Testing

/// The trailer section of a chunked body; over HTTP/2 it is one of the laws of `HTTP2Tests`.
@Suite struct TrailerTests {
  private func patch(_ server: GatewayProcess, _ path: String, trailers: String) throws -> RawConnection {
    let connection = try server.connect()
    try connection.send(
      RawConnection.head(
        "PATCH", path,
        [
          "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0",
          "Transfer-Encoding": "chunked", "Trailer": "X-Checked",
        ], length: nil))
    try connection.send("5\r\nhello\r\n0\r\n\(trailers)\r\n")
    return connection
  }

  @Test("a trailer section ends a chunked body, and the connection goes on behind it")
  func trailers() throws {
    let server = try GatewayProcess.running()
    let path = try server.upload(length: 5)
    let connection = try patch(server, path, trailers: "X-Checked: 1\r\n")
    let answer = try connection.answer()
    #expect(answer.status == 204)
    #expect(answer.headers["upload-offset"] == "5")
    #expect(try connection.request("GET", "/healthz").status == 200)
  }

  @Test("a trailer section beyond the limits of a head ends the connection")
  func tooLarge() throws {
    let server = try GatewayProcess.running()
    let path = try server.upload(length: 5)
    let field = "X-Long: " + String(repeating: "v", count: 8000) + "\r\n"
    let connection = try server.connect()
    // The server may close in the middle of it.
    try? connection.send(
      RawConnection.head(
        "PATCH", path,
        [
          "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0",
          "Transfer-Encoding": "chunked",
        ], length: nil) + "5\r\nhello\r\n0\r\n" + String(repeating: field, count: 20) + "\r\n")
    let status = (try? connection.answer().status) ?? 0
    #expect(status != 204)
    #expect(try server.request("GET", "/healthz").status == 200)
  }

  @Test("R-11 a client of HTTP/1.0 gets no 1xx answer, whatever it expects")
  func oldClient() throws {
    let server = try GatewayProcess.running()
    let path = try server.upload(length: 5)
    let connection = try server.connect()
    try connection.send(
      "PATCH \(path) HTTP/1.0\r\nHost: localhost\r\nTus-Resumable: 1.0.0\r\nUpload-Offset: 0\r\n"
        + "Content-Type: application/offset+octet-stream\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\nhello"
    )
    #expect(try connection.answer().status == 204)
  }
}
