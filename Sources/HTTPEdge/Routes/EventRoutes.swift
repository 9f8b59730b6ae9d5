import Catalog
import HTTPTypes
import Hummingbird
import NIOCore
import Vocabulary

/// `/api/v1/events`: what happens, as server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html).
package struct EventRoutes: Sendable {
  /// How long a client waits before it connects again.
  private static let retryMilliseconds = 1000
  /// What is left of a subscription that ended has this long to go out.
  private static let farewell = Duration.seconds(1)

  private let services: GatewayServices
  private let feed: EventFeed

  package init(services: GatewayServices, feed: EventFeed) {
    self.services = services
    self.feed = feed
  }

  package func add(to router: Router<GatewayContext>) {
    router.get("/api/v1/events") { request, _ in try await listen(request) }
  }

  private func listen(_ request: Request) async throws -> Response {
    let wanted = try Self.lastSeen(request)
    let newest = try await services.catalog.read { try $0.lastEventSequence() }
    // A number that is not reached yet is of another catalog; waiting for it would be silence for ever.
    let start = min(wanted ?? newest, newest)
    let subscription = try feed.reserve()
    let headers: HTTPFields = [
      .contentType: "text/event-stream", .cacheControl: "no-store", .xAccelBuffering: "no",
    ]
    let body = ResponseBody { writer in
      try await request.body.consumeWithInboundCloseHandler { _ in
        try await BodyStream.run(writer, patience: services.patience) {
          await subscription.waitForEnd()
          try await Task.sleep(for: Self.farewell)
        } _: { stream in
          try await write(from: start, subscription, to: &stream)
        }
      } onInboundClosed: {
        subscription.end()
      }
    }
    return Response(status: .ok, headers: headers, body: body)
  }

  /// `Last-Event-ID` before `?after=`: a browser that reconnects sends the URL it was given first.
  static func lastSeen(_ request: Request) throws(ProblemError) -> Int64? {
    guard let text = request.headers[.lastEventID] else { return try request.number("after") }
    guard let value = Int64(digits: text) else {
      throw ProblemError(
        .badHeader, detail: "Last-Event-ID \(quoted(text)) is not the sequence number of an event",
        members: ["field": .text("Last-Event-ID")])
    }
    return value
  }

  private func write(
    from start: Int64, _ subscription: EventSubscription, to stream: inout StreamWriter
  ) async throws {
    // The id without data is remembered by the client: it loses nothing even when cut off before the first event.
    try await stream.write(ByteBuffer(string: "retry: \(Self.retryMilliseconds)\nid: \(start)\n\n"))
    var seen = start
    try await catchUp(&seen, to: &stream)
    subscription.activate(seen: seen)
    try await catchUp(&seen, to: &stream)
    for await item in subscription.items {
      switch item {
      case .heartbeat: try await stream.write(ByteBuffer(string: ": alive\n\n"))
      case .event(let event) where event.sequence > seen:
        seen = event.sequence
        try await stream.write(ByteBuffer(string: Self.text(of: event)))
      case .event: break
      }
    }
  }

  private func catchUp(_ seen: inout Int64, to stream: inout StreamWriter) async throws {
    while true {
      let events = try await feed.events(after: seen)
      guard let last = events.last else { return }
      try await stream.write(ByteBuffer(string: events.map(Self.text).joined()))
      seen = last.sequence
    }
  }

  /// One event as server-sent events write it.
  package static func text(of event: EventRecord) -> String {
    "id: \(event.sequence)\ndata: \(JSONViews.event(event).encoded)\n\n"
  }
}

extension HTTPField.Name {
  static let lastEventID = HTTPField.Name("Last-Event-ID")!
  static let xAccelBuffering = HTTPField.Name("X-Accel-Buffering")!
}
