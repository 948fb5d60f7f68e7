package generate

import (
	"math/rand/v2"
	"strings"
	"time"

	"github.com/brianvoe/gofakeit/v7"
)

// Categories and regions of the default catalogue, and some that no catalogue has and that must come out as they are.
var (
	categories        = []string{"Electronics", "Fashion", "Home & Garden", "Sports", "Books", "Toys", "Beauty", "Grocery"}
	unknownCategories = []string{"Pet Supplies", "Gift Cards"}
	regions           = []string{"North America", "Europe", "Asia Pacific", "Latin America", "Middle East"}
	unknownRegion     = "Antarctica"
)

// Cheapest and dearest list price by category, in cents.
var prices = [][2]int64{
	{1_499, 149_900}, {799, 24_900}, {599, 59_900}, {499, 39_900}, {299, 7_900}, {399, 12_900}, {249, 9_900}, {79, 4_900},
}

// Share of customers by region, in percent.
var regionShares = []uint64{34, 28, 20, 11, 7}

var countries = map[string][]string{
	"North America": {"US", "US", "US", "CA", "MX"},
	"Europe":        {"DE", "FR", "GB", "ES", "IT", "NL", "PL", "SE"},
	"Asia Pacific":  {"JP", "IN", "AU", "KR", "SG", "ID"},
	"Latin America": {"BR", "AR", "CL", "CO", "PE"},
	"Middle East":   {"AE", "SA", "IL", "TR", "QA"},
	unknownRegion:   {"AQ"},
}

// Members that sales name but products.csv and customers.csv do not have: the last ones of each.
const (
	unlistedProducts  = 3
	unlistedCustomers = 20
)

// Product is a row of products.csv. ListPrice is in cents.
type Product struct {
	ID, Name, Category string
	ListPrice          int64
}

// Customer is one version of a customer: a row of customers.csv, or a message of the topic customer_updates.
type Customer struct {
	ID, Name, Email, Segment, City, Country string
	UpdatedTS                               int64 // microseconds UTC
}

// world is what the orders are about: the same seed and sizes give the same world to every stream.
type world struct {
	products   []Product
	regions    []string // of each customer
	byDemand   weighted // rank in demand
	byLoyalty  weighted
	productAt  []int // rank → index, so that ids tell nothing of demand
	customerAt []int
}

func newWorld(o Options) *world {
	r := newRand(o.Seed, "world")
	w := &world{
		products: make([]Product, o.Products), regions: make([]string, o.Customers),
		byDemand: zipf(o.Products, 20), byLoyalty: zipf(o.Customers, 40),
		productAt: r.Perm(o.Products), customerAt: r.Perm(o.Customers),
	}
	for i := range w.products {
		w.products[i] = newProduct(i, r)
	}
	share := newWeighted(len(regions), func(i int) uint64 { return regionShares[i] })
	for i := range w.regions {
		w.regions[i] = regions[share.pick(r)]
		if i%500 == 499 {
			w.regions[i] = unknownRegion
		}
	}
	return w
}

func newProduct(i int, r *rand.Rand) Product {
	c := i % len(categories)
	low, high := prices[c][0], prices[c][1]
	// The product of two draws favours cheap goods, as shops do.
	price := low + (high-low)*r.Int64N(1000)/1000*r.Int64N(1000)/1000
	p := Product{
		ID: string(appendPadded(append([]byte(nil), "P-"...), uint64(i+1), 4)), Category: categories[c],
		Name: productName(categories[c], r), ListPrice: price/50*50 + 49,
	}
	switch i % 100 {
	case 33: // free of charge is a price, too
		p.Name, p.ListPrice = "Free Sample "+p.Name, 0
	case 66:
		p.Category = unknownCategories[i/100%len(unknownCategories)]
	}
	return p
}

var adjectives = strings.Fields("Classic Compact Deluxe Eco Essential Everyday Gentle Grand Light Little Modern Original Premium Pure Royal Simple Smart Solid Swift Vivid")

var goods = map[string][]string{
	"Electronics":   {"Headphones", "Speaker", "Monitor", "Keyboard", "Camera", "Tablet", "Charger", "Router"},
	"Fashion":       {"Jacket", "Sneakers", "Scarf", "Jeans", "Shirt", "Belt", "Dress", "Hat"},
	"Home & Garden": {"Lamp", "Cushion", "Planter", "Kettle", "Blanket", "Hose, 10 m", "Shelf", "Rug"},
	"Sports":        {"Yoga Mat", "Dumbbell", "Racket", "Football", "Tent", "Bike Helmet", "Gloves", "Skates"},
	"Books":         {"Novel", "Cookbook", "Atlas", "Biography", "Poems", "Thriller", "Guide", "Dictionary"},
	"Toys":          {"Puzzle", "Blocks", "Doll", "Kite", "Train Set", "Board Game", "Robot", "Plush Bear"},
	"Beauty":        {"Shampoo", "Soap", "Lotion", "Perfume", "Brush", "Lipstick", "Serum", "Mask"},
	"Grocery":       {"Coffee", "Olive Oil", "Chocolate", "Honey", "Tea", "Pasta", "Rice", `Salami 12" Stick`},
}

func productName(category string, r *rand.Rand) string {
	kinds := goods[category]
	return adjectives[r.IntN(len(adjectives))] + " " + kinds[r.IntN(len(kinds))]
}

var segments = []string{"consumer", "small business", "enterprise"}

// Products are the listed products of the options' world; sales also name a few that are not listed.
func Products(o Options) ([]Product, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	return newWorld(o).products[:o.Products-unlistedProducts], nil
}

// Customers are the listed customers of the options' world, by id. About every eighth has a second version later in the
// period that differs in city or segment. Sales also name a few customers that are not listed.
func Customers(o Options) ([]Customer, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	w, r := newWorld(o), newRand(o.Seed, "customers")
	fake := gofakeit.NewFaker(rand.NewPCG(o.Seed, mix(o.Seed)), false)
	var all []Customer
	for i := range o.Customers - unlistedCustomers {
		c := newCustomer(i, w.regions[i], o.Start, fake, r)
		all = append(all, c)
		if r.IntN(8) == 0 {
			c.UpdatedTS = o.Start.UnixMicro() + r.Int64N(int64(o.Days))*day + r.Int64N(day/second)*second
			c.Segment = segments[(i+1)%len(segments)]
			if r.IntN(2) == 0 {
				c.City = c.City + " Heights"
			}
			all = append(all, c)
		}
	}
	return all, nil
}

func newCustomer(i int, region string, start time.Time, fake *gofakeit.Faker, r *rand.Rand) Customer {
	name := fake.FirstName() + " " + fake.LastName()
	if i%40 == 7 {
		name = [...]string{"Zoë Łukasiewicz", "José Peña", "山田 太郎", `Ana "Nina" Costa`, "O'Brien, Seán"}[i/40%5]
	}
	local := strings.Map(func(c rune) rune {
		if c >= 'a' && c <= 'z' {
			return c
		}
		return -1
	}, strings.ToLower(name))
	id := string(appendCustomer(nil, uint32(i)))
	return Customer{
		ID: id, Name: name, Email: local + id[len(id)-4:] + "@example.com", Segment: segments[i%len(segments)],
		City: fake.City(), Country: countries[region][r.IntN(len(countries[region]))],
		UpdatedTS: start.UnixMicro() - r.Int64N(365)*day - r.Int64N(day/second)*second,
	}
}
