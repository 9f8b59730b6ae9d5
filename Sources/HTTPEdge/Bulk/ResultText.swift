import Hummingbird
import NIOCore
import Platform
import Vocabulary

/// What is answered about many items: JSON that grows with them. Of all requests together it stays within a budget, as
/// a client can make much of it with little, and read it slowly.
package struct ResultText: Sendable {
  /// Of one request: paths and problems may be long.
  package static let maximumBytes = 64 << 20
  /// Of all requests together.
  package static let budgetBytes = 256 << 20
  private static let pieceBytes = 256 << 10

  private let maximumBytes: Int
  private let reservation: ByteReservation
  private var text = ByteBuffer()

  /// `budget` is of `budgetBytes`, and one for all requests.
  package init(_ budget: ByteBudget, maximumBytes: Int = Self.maximumBytes) {
    self.maximumBytes = maximumBytes
    reservation = ByteReservation(budget)
  }

  /// - Throws: `ProblemError`: `too-large` beyond `maximumBytes`, `busy` when the budget is spent.
  package mutating func append(_ item: JSONValue) throws(ProblemError) {
    let item = text.readableBytes == 0 ? item.encoded : "," + item.encoded
    guard text.readableBytes + item.utf8.count <= maximumBytes else {
      throw ProblemError(
        .tooLarge, detail: "the results have more than \(maximumBytes) bytes; send fewer files")
    }
    guard reservation.grow(by: item.utf8.count) else {
      throw ProblemError(.busy, detail: "the server holds too many results that are not read yet")
    }
    text.writeString(item)
  }

  /// The items between two texts, written in pieces; their share of the budget is kept until the last is out, or the
  /// client takes nothing for `patience`.
  package func body(after head: String, before tail: String, patience: Duration) -> ResponseBody {
    let (text, reservation) = (text, reservation)
    let count = head.utf8.count + text.readableBytes + tail.utf8.count
    return .streamed(contentLength: count, patience: patience) { writer in
      try await writer.write(ByteBuffer(string: head))
      var rest = text
      while let piece = rest.readSlice(length: min(rest.readableBytes, Self.pieceBytes)),
        piece.readableBytes > 0
      {
        try await writer.write(piece)
      }
      try await writer.write(ByteBuffer(string: tail))
      withExtendedLifetime(reservation) {}
    }
  }
}
