import Platform

/// How much of a stored file one download holds in memory at a time: a client that never reads holds no more than that.
/// The pieces are large while there is memory for them, small beyond.
package struct DownloadPieces: Sendable {
  package static let largeBytes = 256 << 10
  package static let smallBytes = 16 << 10
  /// For the large pieces of all downloads together.
  package static let budgetBytes = 64 << 20

  /// Bytes of a piece.
  package let byteCount: Int
  private let share: ByteReservation

  /// The share of `budget` goes back when the last copy of this is gone.
  package init(_ budget: ByteBudget) {
    share = ByteReservation(budget)
    byteCount = share.grow(by: Self.largeBytes) ? Self.largeBytes : Self.smallBytes
  }
}
