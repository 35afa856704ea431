package seed

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"golang.org/x/sync/errgroup"

	"github.com/starkillersystems/imgsvc/server/store"
)

// clientSide, in the environment, makes the test binary one side of BenchmarkMongoClient.
const clientSide = "IMGSVC_BENCH_CLIENT_SIDE"

const (
	benchRecords = 400_000
	benchBatch   = 1000 // records in an insert command, on both sides
	benchWorkers = 2
)

// BenchmarkMongoClient compares what a record costs the client: our seeder, from opening the store to marking it as
// complete, and InsertMany of structs. Both generate the same records with as many workers and send them in batches of
// the same size to a server in this process that confirms at once. Each side is a process of its own, and its CPU time
// is what the kernel counts for it.
func BenchmarkMongoClient(b *testing.B) {
	uri := startSink(b)
	sides := []struct{ name, unit string }{{"ours", "ours-ns/record"}, {"insertmany", "insertmany-ns/record"}}
	cpu := map[string]time.Duration{}
	for b.Loop() {
		for _, side := range sides {
			cpu[side.name] += runSide(b, side.name, uri)
		}
	}
	for _, side := range sides {
		b.ReportMetric(float64(cpu[side.name])/float64(b.N)/benchRecords, side.unit)
	}
	b.ReportMetric(float64(cpu["ours"])/float64(cpu["insertmany"]), "ratio")
}

// runSide returns the CPU time that one side took for the records alone.
func runSide(b *testing.B, side, uri string) time.Duration {
	b.Helper()
	cmd := exec.Command(os.Args[0], uri)
	cmd.Env = append(os.Environ(), clientSide+"="+side)
	out, err := cmd.CombinedOutput()
	var cpu time.Duration
	if _, scanErr := fmt.Sscanf(string(out), "cpu %d", &cpu); err != nil || scanErr != nil {
		b.Fatalf("%s: %v, %v: %s", side, err, scanErr, out)
	}
	return cpu
}

// clientMain is the main function of one side.
func clientMain(side, uri string) int {
	before := cpuTime()
	var err error
	switch side {
	case "ours":
		_, err = Run(context.Background(), Options{Store: uri, Records: benchRecords, Workers: benchWorkers, Drop: true})
	case "insertmany":
		err = insertMany(context.Background(), uri)
	}
	if err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Println("cpu", int64(cpuTime()-before))
	return 0
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// document is a record as somebody would write it who does not count nanoseconds.
type document struct {
	ID          int64           `bson:"_id"`
	Title       string          `bson:"title"`
	Description string          `bson:"description"`
	Price       int32           `bson:"price"`
	Bedrooms    int32           `bson:"bedrooms"`
	Rating      float64         `bson:"rating"`
	Reviews     int32           `bson:"reviews"`
	Keywords    []string        `bson:"keywords"`
	Count       int32           `bson:"count"`
	Images      []documentImage `bson:"images"`
}

type documentImage struct {
	Index   int32  `bson:"index"`
	URL     string `bson:"url"`
	Caption string `bson:"caption"`
	Width   int32  `bson:"width"`
	Height  int32  `bson:"height"`
}

// fill makes d the record r, in the memory that d has.
func (d *document) fill(r *record, words map[*text]string, buf []byte) {
	d.ID, d.Price, d.Bedrooms = r.id, int32(r.price), int32(r.bedrooms)
	d.Title, d.Description = string(r.appendTitle(buf[:0])), string(r.appendDescription(buf[:0]))
	d.Rating, d.Reviews, d.Count = float64(r.rating)/100, int32(r.reviews), int32(len(r.images))
	d.Keywords, d.Images = d.Keywords[:0], d.Images[:0]
	for _, word := range r.keywords {
		d.Keywords = append(d.Keywords, words[word])
	}
	for i := range r.images {
		m := &r.images[i]
		d.Images = append(d.Images, documentImage{int32(i), string(m.url[:]), words[m.caption], int32(m.width), int32(m.height)})
	}
}

// wordStrings are the words as strings, made once.
func wordStrings() map[*text]string {
	words := map[*text]string{}
	for _, list := range [][]text{amenities, captions} {
		for i := range list {
			words[&list[i]] = string(list[i].appendTo(nil))
		}
	}
	return words
}

// TestStructsAreTheSameRecords keeps the two sides of the benchmark comparable.
func TestStructsAreTheSameRecords(t *testing.T) {
	g, words := NewGenerator(1), wordStrings()
	var d document
	for id := range int64(1000) {
		d.fill(g.fill(id), words, nil)
		raw, err := bson.Marshal(&d)
		if want := g.AppendBSON(nil, id); err != nil || string(raw) != string(want) {
			t.Fatalf("record %d: %v\n%s\nwant\n%s", id, err, bson.Raw(raw), bson.Raw(want))
		}
	}
}

func insertMany(ctx context.Context, uri string) error {
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		return err
	}
	defer func() { _ = client.Disconnect(ctx) }()
	listings := client.Database("imgsvc").Collection("listings")
	work := &queue{ranges: []store.Range{{Hi: benchRecords}}, batch: benchBatch}
	words := wordStrings()
	var group errgroup.Group
	for range benchWorkers {
		group.Go(func() error {
			g, docs, buf := NewGenerator(1), make([]*document, benchBatch), make([]byte, 0, 256)
			for i := range docs {
				docs[i] = &document{}
			}
			for r, ok := work.next(); ok; r, ok = work.next() {
				for id := r.Lo; id < r.Hi; id++ {
					docs[id-r.Lo].fill(g.fill(id), words, buf)
				}
				_, err := listings.InsertMany(ctx, docs[:r.Len()], options.InsertMany().SetOrdered(false))
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// startSink starts a server that confirms whatever it is sent, and looks at no more of it than the name of a command.
func startSink(tb testing.TB) string {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	s := &sink{conns: map[net.Conn]bool{}}
	s.wait.Go(func() { s.accept(l) })
	tb.Cleanup(func() {
		_ = l.Close()
		s.closeAll()
		s.wait.Wait()
	})
	return "mongodb://" + l.Addr().String()
}

type sink struct {
	wait  sync.WaitGroup
	mu    sync.Mutex
	conns map[net.Conn]bool
}

func (s *sink) closeAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		_ = c.Close()
	}
}

func (s *sink) accept(l net.Listener) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[c] = true
		s.mu.Unlock()
		s.wait.Go(func() { _ = s.serve(c) })
	}
}

// The parts of the wire protocol that the sink knows.
const (
	opReply = 1
	opQuery = 2004
	opMsg   = 2013
)

func (s *sink) serve(c net.Conn) error {
	defer c.Close()
	head, body := make([]byte, 16), make([]byte, 0, 8<<20)
	for {
		if _, err := io.ReadFull(c, head); err != nil {
			return err
		}
		size := int(binary.LittleEndian.Uint32(head)) - len(head)
		if size < 16 || size > cap(body) {
			return fmt.Errorf("a message of %d bytes", size)
		}
		body = body[:size]
		if _, err := io.ReadFull(c, body); err != nil {
			return err
		}
		if _, err := c.Write(sinkReply(head, body)); err != nil {
			return err
		}
	}
}

func sinkReply(head, body []byte) []byte {
	op, prefix := uint32(opMsg), make([]byte, 5) // flags and the kind of the section
	command := body[5:]
	if binary.LittleEndian.Uint32(head[12:]) == opQuery {
		op, prefix = opReply, make([]byte, 20)
		prefix[16] = 1 // one document
		command = body[4+strings.IndexByte(string(body[4:]), 0)+1+8:]
	}
	doc, err := bson.Marshal(sinkAnswer(command))
	if err != nil {
		panic(err)
	}
	reply := binary.LittleEndian.AppendUint32(nil, uint32(16+len(prefix)+len(doc)))
	reply = binary.LittleEndian.AppendUint32(reply, 0)
	reply = append(reply, head[4:8]...)
	reply = binary.LittleEndian.AppendUint32(reply, op)
	return append(append(reply, prefix...), doc...)
}

// sinkAnswer is what a server with an empty database says to a command, whose name is its first key.
func sinkAnswer(command []byte) bson.D {
	name, _, _ := strings.Cut(string(command[5:min(len(command), 40)]), "\x00")
	switch name {
	case "hello", "isMaster", "ismaster":
		return bson.D{
			{Key: "isWritablePrimary", Value: true}, {Key: "ismaster", Value: true}, {Key: "helloOk", Value: true},
			{Key: "maxBsonObjectSize", Value: 16 << 20}, {Key: "maxMessageSizeBytes", Value: 48_000_000},
			{Key: "maxWriteBatchSize", Value: 100_000}, {Key: "logicalSessionTimeoutMinutes", Value: 30},
			{Key: "minWireVersion", Value: 0}, {Key: "maxWireVersion", Value: 21}, {Key: "ok", Value: 1.0},
		}
	case "find", "aggregate":
		cursor := bson.D{{Key: "id", Value: int64(0)}, {Key: "ns", Value: "imgsvc.x"}, {Key: "firstBatch", Value: bson.A{}}}
		return bson.D{{Key: "cursor", Value: cursor}, {Key: "ok", Value: 1.0}}
	}
	return bson.D{{Key: "n", Value: 1}, {Key: "ok", Value: 1.0}}
}
